"""Both ways of never outliving a parent, on a machine that has both."""

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from events.process.child_process import ChildProcess
from tests.support.processes import alive, run_process
from tests.support.waiting import wait_until

PARENT = """
import signal, sys
from events.process.child_process import ChildProcess
with open("/dev/null", "wb") as output:
    child = ChildProcess(["sleep", "60"], output=output, use_kernel=sys.argv[1] == "kernel")
print(child.pid, flush=True)
signal.pause()
"""


@pytest.mark.parametrize("way", ["kernel", "pipe"])
def test_the_child_dies_with_a_parent_that_is_killed(way: str, tmp_path: Path) -> None:
    if way == "kernel" and sys.platform != "linux":
        pytest.skip("only Linux has PR_SET_PDEATHSIG")
    with run_process([sys.executable, "-c", PARENT, way], log=tmp_path / "log") as parent:
        wait_until(parent.output, 20, "the child's number")
        child = psutil.Process(int(parent.output()))
        assert child.is_running()
        os.kill(parent.pid, signal.SIGKILL)
        wait_until(lambda: not alive(child), 5, "the child's end")


def test_a_child_that_ignores_the_signal_is_killed_after_the_limit(tmp_path: Path) -> None:
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True)"
    with (tmp_path / "log").open("wb") as output:
        child = ChildProcess([sys.executable, "-c", code + "; signal.pause()"], output=output)
    wait_until((tmp_path / "log").read_text, 10, "the child's word")
    child.end(signal.SIGTERM, 0.2)
    assert child.process.returncode == -signal.SIGKILL


def test_the_guard_goes_with_the_child(tmp_path: Path) -> None:
    before = set(psutil.Process().children())
    with (tmp_path / "log").open("wb") as output:
        child = ChildProcess(["sleep", "60"], output=output, use_kernel=False)
    started = set(psutil.Process().children()) - before
    assert len(started) == 2
    child.end(signal.SIGTERM, 5)
    assert not any(alive(process) for process in started)

import signal
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.processes import alive, run_process
from tests.support.waiting import wait_until

SAYS_AND_WAITS = "import os, signal; print('up', os.environ.get('X'), flush=True); signal.pause()"

HAS_A_CHILD = """
import signal, subprocess
print(subprocess.Popen(["sleep", "60"]).pid, flush=True)
signal.pause()
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_it_runs_with_the_given_environment_and_ends_with_the_block(tmp_path: Path) -> None:
    with run_process(python(SAYS_AND_WAITS), log=tmp_path / "log", env={"X": "1"}) as process:
        process.wait_for_output("up 1")
        assert process.running
    assert process.returncode == -signal.SIGTERM


def test_nothing_of_the_tests_environment_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("X", "mine")
    with run_process(python(SAYS_AND_WAITS), log=tmp_path / "log") as process:
        process.wait_for_output("up None")


def test_waiting_for_output_ends_with_the_process(tmp_path: Path) -> None:
    with run_process(python("raise SystemExit(3)"), log=tmp_path / "log") as process:
        with pytest.raises(AssertionError, match=r"ended \(3\) without the output 'up'"):
            process.wait_for_output("up")
        assert process.wait() == 3


def test_a_failure_shows_the_output(tmp_path: Path) -> None:
    def fail_after_its_output() -> None:
        with run_process(python(SAYS_AND_WAITS), log=tmp_path / "log") as process:
            process.wait_for_output("up")
            raise AssertionError

    with pytest.raises(AssertionError) as failure:
        fail_after_its_output()
    assert "up None" in failure.value.__notes__[0]


def test_children_do_not_outlive_it(tmp_path: Path) -> None:
    with run_process(python(HAS_A_CHILD), log=tmp_path / "log") as process:
        wait_until(process.output, 10, "the child's number")
        child = psutil.Process(int(process.output()))
    wait_until(lambda: not alive(child), 5, "end of the child")

"""Programs of ours as real processes: started, watched and ended by a test."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals
from typing import IO

import psutil

from events.process.child_process import ChildProcess
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]

_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "XDG_CACHE_HOME", "JAVA_HOME")
_STOP_LIMIT_SECONDS = 30.0
_SHOWN_CHARACTERS = 6000


def manage(*args: str) -> list[str]:
    """The command line of `manage.py` with this interpreter."""
    return [sys.executable, str(ROOT / "manage.py"), *args]


def alive(process: psutil.Process) -> bool:
    """Running, and not just a zombie that nobody has asked after."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


class RunningProcess:
    """A process with its output in a file. Ends with the test's process, whatever happens."""

    def __init__(self, child: ChildProcess, log: Path) -> None:
        self._child = child
        self.log = log

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def running(self) -> bool:
        return not self._child.ended()

    @property
    def returncode(self) -> int | None:
        """None while it runs; as subprocess has it, minus the number of a killing signal."""
        return self._child.process.poll()

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for_output(self, text: str, limit_seconds: float = 20) -> None:
        """Returns when the output has the text; fails at once when the process ends without it."""

        def seen_or_over() -> bool:
            return text in self.output() or not self.running

        wait_until(seen_or_over, limit_seconds, f"output of {text!r}")
        assert text in self.output(), f"ended ({self.returncode}) without the output {text!r}"

    def wait(self, limit_seconds: float = _STOP_LIMIT_SECONDS) -> int:
        """The exit status, once it has ended by itself."""
        wait_until(lambda: not self.running, limit_seconds, "end of the process")
        return self._child.process.returncode

    def signal(self, sig: Signals) -> None:
        self._child.process.send_signal(sig)

    def terminate(self, limit_seconds: float = _STOP_LIMIT_SECONDS) -> int:
        """SIGTERM; the exit status, which is -9 when the limit passed first."""
        return self._end(SIGTERM, limit_seconds)

    def kill(self) -> int:
        return self._end(SIGKILL, _STOP_LIMIT_SECONDS)

    def _end(self, sig: Signals, limit_seconds: float) -> int:
        self._child.end(sig, limit_seconds)
        with contextlib.suppress(ProcessLookupError):  # its own children, if it left any
            os.killpg(self.pid, SIGKILL)
        return self._child.process.returncode


@contextmanager
def run_process(
    args: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    stderr: IO[bytes] | None = None,
) -> Iterator[RunningProcess]:
    """Runs until the block ends. `env` is all that it gets beside PATH, HOME and the like.
    `stderr`: where its output goes instead of to `log`.

    An error in the block carries the end of the process's output.
    """
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | dict(env or {})
    with log.open("ab") as output:
        child = ChildProcess(args, output=stderr or output, env=environment, cwd=cwd)
    process = RunningProcess(child, log)
    try:
        yield process
    except BaseException as error:
        shown = process.output()[-_SHOWN_CHARACTERS:]
        error.add_note(
            f"--- output of {Path(args[-1]).name}, status {process.returncode}:\n{shown}"
        )
        raise
    finally:
        process.terminate()

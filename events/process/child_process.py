"""A child process that never outlives its parent, even when the parent is killed outright."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

_PR_SET_PDEATHSIG = 1


class ChildProcess:
    """A program that is killed when this process ends, however this process ends.

    On Linux the kernel sees to it (prctl PR_SET_PDEATHSIG; it is the *thread* that starts the
    program which must live on). Elsewhere a shell waits for the end of a pipe that only we hold.
    """

    def __init__(
        self,
        args: Sequence[str | Path],
        *,
        output: IO[bytes],
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        use_kernel: bool | None = None,
    ) -> None:
        kernel = sys.platform == "linux" if use_kernel is None else use_kernel
        self.process = subprocess.Popen(
            args,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            start_new_session=True,  # Ctrl-C is for the parent, which ends the child in its turn
            preexec_fn=die_with(os.getpid()) if kernel else None,
        )
        self._guard = None if kernel else _start_guard(self.process.pid)

    @property
    def pid(self) -> int:
        return self.process.pid

    def ended(self) -> bool:
        return self.process.poll() is not None

    def end(self, sig: signal.Signals, limit_seconds: float) -> None:
        """Sends the signal, and SIGKILL after the limit. Returns when the process is gone."""
        try:
            self.process.send_signal(sig)
            self.process.wait(limit_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end(signal.SIGTERM, 10)


def die_with(parent: int) -> Callable[[], None]:
    """What a child calls to be killed when the thread that made it ends (Linux)."""
    libc = ctypes.CDLL(None, use_errno=True)

    def ask_the_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask_the_kernel


def _start_guard(pid: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["sh", "-c", 'read -r _; kill -9 "$1"', "guard", str(pid)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )

"""A server of a test's own: a real program, which the test may stop, kill and start again."""

from __future__ import annotations

import signal
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from events.process.child_process import ChildProcess
from tests.support.processes import ROOT
from tests.support.waiting import wait_until

_START_LIMIT_SECONDS = 20.0
_STOP_LIMIT_SECONDS = 10.0


class ServerProcess(ABC):
    """Keeps its ports and what it has received over stop, kill and start."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._output = folder / "output"
        self._process: ChildProcess | None = None

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """How to run it in the foreground. Writes its configuration first."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether it takes connections, once it runs."""

    def start(self) -> None:
        """Returns when it is ready; fails when it ends before."""
        assert self._process is None, "it is running already"
        command = self.command()
        with self._output.open("ab") as output:
            process = self._process = ChildProcess(command, output=output, cwd=ROOT)
        name = type(self).__name__
        wait_until(lambda: process.ended() or self.ready(), _START_LIMIT_SECONDS, f"{name} listens")
        assert not process.ended(), f"{name} ended: {self.output()}"

    def stop(self) -> None:
        """Ends it cleanly."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    @property
    def pid(self) -> int:
        assert self._process is not None, "it does not run"
        return self._process.pid

    def output(self) -> str:
        """What it has said, over all starts."""
        return self._output.read_text(errors="replace")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _end(self, sig: signal.Signals) -> None:
        if self._process is not None:
            self._process.end(sig, _STOP_LIMIT_SECONDS)
            self._process = None

"""The programs that a demo runs, each in a process of its own that ends with it."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from events.process.child_process import ChildProcess

LOOK_SECONDS = 0.2
STOP_SECONDS = 15.0
_MANAGE = Path(__file__).parents[2] / "manage.py"
_SHOWN_LINES = 12


class PartFailedError(Exception):
    """One of the programs did not do its work. Says which, and the end of what it printed."""


class Parts:
    """Starts commands of manage.py with one environment; ends them in reverse order."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._running: dict[str, ChildProcess] = {}

    def call(self, *command: str, secrets: Mapping[str, str] | None = None) -> None:
        """Run a command to its end. Raises PartFailedError."""
        done = subprocess.run(
            [sys.executable, _MANAGE, *command],
            env={**self._environment, **(secrets or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise PartFailedError(_failure(command[0], done.stdout + done.stderr))

    def start(self, name: str, *options: str) -> None:
        with self.log_of(name).open("wb") as log:
            self._running[name] = ChildProcess(
                [sys.executable, _MANAGE, name, *options], output=log, env=self._environment
            )

    def check(self) -> None:
        """Raises PartFailedError when one has ended."""
        for name, process in self._running.items():
            if process.ended():
                raise PartFailedError(_failure(name, self.log_of(name).read_text()))

    async def watch(self) -> None:
        """Until one has ended: raises as `check`."""
        while True:
            self.check()
            await asyncio.sleep(LOOK_SECONDS)

    def stop(self) -> None:
        while self._running:
            _, process = self._running.popitem()
            process.end(signal.SIGTERM, STOP_SECONDS)

    def log_of(self, name: str) -> Path:
        return self._folder / f"{name}.log"


def _failure(name: str, output: str) -> str:
    shown = "\n".join(output.strip().splitlines()[-_SHOWN_LINES:])
    return f"{name} ended:\n{shown}"

"""Lines that another process appends to a file, read as they come."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.waiting import wait_until


class LinesFile:
    """Complete lines only, without their LF: a line still being written is not there yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self._lines: list[bytes] = []

    def lines(self) -> list[bytes]:
        """All so far. Reads only what is new, so that asking often is cheap."""
        if self.path.exists():
            with self.path.open("rb") as file:
                file.seek(self._offset)
                new = file.read()
            complete = new[: new.rfind(b"\n") + 1]
            self._offset += len(complete)
            self._lines += complete.split(b"\n")[:-1]
        return self._lines

    def wait_for(self, count: int, limit_seconds: float = 20) -> list[bytes]:
        """All lines, once there are at least `count`."""
        self._wait(lambda: len(self.lines()) >= count, count, limit_seconds)
        return self.lines()

    def _wait(self, enough: Callable[[], bool], count: int, limit_seconds: float) -> None:
        try:
            wait_until(enough, limit_seconds, f"{count} lines in {self.path.name}")
        except AssertionError as error:
            error.add_note(f"there are {len(self._lines)}; the last: {self._lines[-3:]}")
            raise

"""A pipe that is full, and that nobody reads until the test does."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

FILLER = b"."


class FullPipe:
    """`end`: what a process may have as its stderr."""

    def __init__(self, reading: int, end: IO[bytes]) -> None:
        self.end = end
        self._reading = reading
        self._unread_filler = self._fill()

    def _fill(self) -> int:
        number, filled = self.end.fileno(), 0
        os.set_blocking(number, False)
        try:
            while True:
                filled += os.write(number, FILLER * 4096)
        except BlockingIOError:
            pass
        os.set_blocking(number, True)
        return filled

    def read(self, until: str, limit_seconds: float = 10.0) -> str:
        """What has been written behind the filler, as soon as that has these bytes."""
        found = b""
        while until.encode() not in found:
            ready, _, _ = select.select([self._reading], [], [], limit_seconds)
            assert ready, f"no {until!r} within {limit_seconds:g} s in {found!r}"
            some = os.read(self._reading, 65536)
            assert some, f"ended without {until!r}: {found!r}"
            found += some[self._unread_filler :]
            self._unread_filler = max(self._unread_filler - len(some), 0)
        return found.decode()


@contextmanager
def full_pipe() -> Iterator[FullPipe]:
    reading, writing = os.pipe()
    try:
        with os.fdopen(writing, "wb", buffering=0) as end:
            yield FullPipe(reading, end)
    finally:
        os.close(reading)

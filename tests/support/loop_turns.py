"""How long the event loop is kept by one callback, in CPU: what others in the process wait for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest


@dataclass
class Turns:
    longest_seconds: float = 0.0
    longest: str = ""
    count: int = 0

    def __str__(self) -> str:
        return f"{self.longest_seconds * 1e3:.1f} ms of {self.count} turns: {self.longest}"


@contextmanager
def watched_turns() -> Iterator[Turns]:
    """Of this thread, while the block runs."""
    seen, run = Turns(), asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        began = time.thread_time()
        run(handle)
        took = time.thread_time() - began
        seen.count += 1
        if took > seen.longest_seconds:
            seen.longest_seconds, seen.longest = took, repr(handle)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.Handle, "_run", timed)
        yield seen

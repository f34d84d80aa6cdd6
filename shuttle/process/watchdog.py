"""Ends a worker whose event loop stands still: another one takes over, and looks at its records."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import signal
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import FrameType

logger = logging.getLogger(__name__)

LIMIT_SECONDS = 10.0
DEAF = 1.5
"""Times that: then it is ended from outside of Python, which a single call may hold for as long."""
WOUND = 0.1
"""Of that, each time."""
FRAMES_SHOWN = 3


class StoodStillError(BaseException):
    """Nothing of a worker's may go on after this. Its text says where it stood."""


@asynccontextmanager
async def watched(limit_seconds: float = LIMIT_SECONDS) -> AsyncIterator[None]:
    """Raises StoodStillError where the loop is, once it has stood still for so long in the body."""

    def stop(_: int, frame: FrameType | None) -> None:
        frames = traceback.extract_stack(frame)[-FRAMES_SHOWN:]
        where = " > ".join(f"{at.name} ({at.filename}:{at.lineno})" for at in frames)
        raise StoodStillError(f"The event loop stood still for {limit_seconds:g} s: {where}")

    before = signal.signal(signal.SIGALRM, stop)
    winding = asyncio.create_task(_wind(limit_seconds), name="watchdog")
    try:
        yield
    finally:
        winding.cancel()
        with suppress(asyncio.CancelledError):
            await winding
        signal.signal(signal.SIGALRM, before)


async def _wind(limit_seconds: float) -> None:
    try:
        while True:
            signal.setitimer(signal.ITIMER_REAL, limit_seconds)
            faulthandler.dump_traceback_later(limit_seconds * DEAF, exit=True)
            await asyncio.sleep(limit_seconds * WOUND)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()

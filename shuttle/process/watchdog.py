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
from typing import Any

from events.process.crash_traces import trace_file
from shuttle.suspects import RECORD_SECONDS

logger = logging.getLogger(__name__)

LIMIT_SECONDS = RECORD_SECONDS
DEAF = 1.5
"""Times that: then it is ended from outside of Python, which a single call may hold for as long."""
WOUND = 0.1
"""Of that, each time."""
FRAMES_SHOWN = 3


class StoodStillError(SystemExit):
    """Nothing of a worker's may go on after this. Its text says where it stood.

    It leaves the event loop from wherever it is raised. All else that a callback raises, or a task
    that nobody waits for, asyncio logs and goes on.
    """


@asynccontextmanager
async def watched(limit_seconds: float = LIMIT_SECONDS) -> AsyncIterator[None]:
    """Raises StoodStillError where the loop is, once it has stood still for so long in the body.

    The body's end is watched too, when asyncio cancels every task as that error leaves.
    """
    is_over = asyncio.Event()

    def stop(_: int, frame: FrameType | None) -> None:
        frames = traceback.extract_stack(frame)[-FRAMES_SHOWN:]
        where = " > ".join(f"{at.name} ({at.filename}:{at.lineno})" for at in frames)
        raise StoodStillError(f"The event loop stood still for {limit_seconds:g} s: {where}")

    asyncio.get_running_loop().set_exception_handler(_said_once)
    before = signal.signal(signal.SIGALRM, stop)
    winding = asyncio.create_task(_wind(limit_seconds, is_over), name="watchdog")
    try:
        yield
    finally:
        is_over.set()
        await winding
        signal.signal(signal.SIGALRM, before)


def _said_once(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Who ends the process says why: no traceback of a task that it was raised in."""
    if not isinstance(context.get("exception"), StoodStillError):
        loop.default_exception_handler(context)


async def _wind(limit_seconds: float, is_over: asyncio.Event) -> None:
    try:
        while not is_over.is_set():
            signal.setitimer(signal.ITIMER_REAL, limit_seconds)
            faulthandler.dump_traceback_later(limit_seconds * DEAF, file=trace_file(), exit=True)
            with suppress(TimeoutError, asyncio.CancelledError):
                async with asyncio.timeout(limit_seconds * WOUND):
                    await is_over.wait()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()

"""The Envoy receiver as a child of the worker: RUN_ISTIO_ALS, as the original has it.

It is started again when it ends, and ends with the worker. The worker does not depend on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from events.parentage import TiedProcess
from shuttle.backoff import Backoff

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
FLUSH_SECONDS = 5.0
"""More than its own grace: for what it does before and after."""


class AlsProcess:
    """`manage` is our manage.py; what the child says goes where our own log goes."""

    def __init__(self, manage: Path, grace_seconds: float) -> None:
        self._command: list[str | Path] = [sys.executable, manage, "runals"]
        self._limit_seconds = grace_seconds + FLUSH_SECONDS
        self._backoff = Backoff()
        self._stopping = asyncio.Event()
        self._child: TiedProcess | None = None

    def stop(self) -> None:
        """Tells it to end in order; `run` waits for that. Idempotent."""
        self._stopping.set()

    async def run(self) -> None:
        """Keeps it running until `stop` is called."""
        try:
            while not self._stopping.is_set():
                self._start()
                await self._until_it_ends()
                await self._pause()
        finally:
            if self._child is not None:
                await asyncio.to_thread(self._child.end, signal.SIGTERM, self._limit_seconds)

    def _start(self) -> None:
        try:
            # From this thread, which lives as long as the worker (see TiedProcess).
            self._child = TiedProcess(self._command, output=sys.stderr.buffer)
        except OSError as error:
            self._child = None
            logger.error("runals cannot start: %s", error, extra={"action": "als_not_started"})

    async def _until_it_ends(self) -> None:
        loop = asyncio.get_running_loop()
        while self._child is not None and not self._child.ended():
            self._backoff.progressed(loop.time())
            if await self._stopped_within(LOOK_SECONDS):
                return
        if self._child is not None:
            status = self._child.process.returncode
            logger.error("runals has ended (%d)", status, extra={"action": "als_ended"})

    async def _pause(self) -> None:
        if not self._stopping.is_set():
            await self._stopped_within(self._backoff.failed())

    async def _stopped_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
        return self._stopping.is_set()


@asynccontextmanager
async def running(process: AlsProcess | None) -> AsyncIterator[None]:
    """Runs it beside the body, whose end ends it. None: nothing is run."""
    if process is None:
        yield
        return
    task = asyncio.create_task(process.run(), name="runals")
    try:
        yield
    finally:
        process.stop()
        await task

"""A program of ours that is started again whenever it ends, and ends with this process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import AsyncIterator, Container, Sequence
from pathlib import Path

from events.backoff import Backoff
from events.process.child_process import ChildProcess

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
RESTART_FIRST_SECONDS = 1.0
RESTART_MAX_SECONDS = 60.0
KILL_SECONDS = 5.0
FLUSH_SECONDS = 10.0
"""More than the program's own grace: for what it does before and after. A worker leaves its group
only after a member that has just died is given up, which takes 6 s."""

_IN_ORDER = (0, -signal.SIGTERM)
"""It may be told to stop before it has learnt how to end in order; then it has done nothing yet."""


class SupervisedProcess:
    """What it says goes where our own log goes. `final`: ends that are not tried again."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        grace_seconds: float,
        final: Container[int] = (),
    ) -> None:
        self.restarts = 0
        self._name = name
        self._command = command
        self._limit_seconds = grace_seconds + FLUSH_SECONDS
        self._final = final
        self._backoff = Backoff(RESTART_FIRST_SECONDS, RESTART_MAX_SECONDS)
        self._stopping = asyncio.Event()
        self._child: ChildProcess | None = None

    @property
    def pid(self) -> int | None:
        """None while it does not run."""
        if self._child is None or self._child.ended():
            return None
        return self._child.pid

    def stop(self) -> None:
        """Tells it to end in order; `run` waits for that. Idempotent."""
        self._stopping.set()

    def kill(self) -> None:
        """Ends it at once."""
        if self._child is not None:
            self._child.process.kill()

    async def run(self) -> int:
        """Until `stop` is called, or it ends finally; its last status, 0 for an end in order."""
        try:
            while not self._stopping.is_set():
                self._start()
                status = await self._ended_by_itself()
                if status in self._final:
                    return status
                await self._pause()
        finally:
            status = await self._end()
        return 0 if status in _IN_ORDER else status

    def _start(self) -> None:
        try:
            # From this thread, which lives as long as this process (see ChildProcess).
            self._child = ChildProcess(self._command, output=sys.stderr.buffer)
        except OSError as error:
            logger.error("%s cannot start: %s", self._name, error, extra={"action": "not_started"})

    async def _ended_by_itself(self) -> int:
        """Its status, once it has; 0 when it could not start or runs until it is told to stop."""
        loop = asyncio.get_running_loop()
        while self._child is not None and not self._child.ended():
            self._backoff.progressed(loop.time())
            if await self._stopped_within(LOOK_SECONDS):
                return 0
        status = self._take_away()
        if status is None:
            return 0
        logger.error("%s has ended (%d)", self._name, status, extra={"action": "child_ended"})
        return status

    async def _pause(self) -> None:
        if not self._stopping.is_set():
            await self._stopped_within(self._backoff.failed())
            self.restarts += not self._stopping.is_set()

    async def _stopped_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
        return self._stopping.is_set()

    async def _end(self) -> int:
        """Told to end in order, killed after the limit; its status, 0 when it did not run."""
        if self._child is None:
            return 0
        self._child.process.send_signal(signal.SIGTERM)
        loop = asyncio.get_running_loop()
        until = loop.time() + self._limit_seconds
        while not self._child.ended() and loop.time() < until:
            await asyncio.sleep(LOOK_SECONDS)
        return self._take_away() or 0

    def _take_away(self) -> int | None:
        """Nothing of it is left; its status, None when there was none."""
        child, self._child = self._child, None
        if child is None:
            return None
        child.end(signal.SIGKILL, KILL_SECONDS)
        return child.process.returncode


@contextlib.asynccontextmanager
async def running(process: SupervisedProcess | None) -> AsyncIterator[None]:
    """Runs it beside the body, whose end ends it. None: nothing is run."""
    if process is None:
        yield
        return
    task = asyncio.create_task(process.run(), name="supervised process")
    try:
        yield
    finally:
        process.stop()
        await task

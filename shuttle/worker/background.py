"""Named side tasks under one watcher: the death of one stops the worker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

logger = logging.getLogger(__name__)


class BackgroundTasks:
    """Owns the worker's tasks: those that last, and those that end when they are done."""

    def __init__(self) -> None:
        self._lasting: set[asyncio.Task[Any]] = set()
        self._errands: set[asyncio.Task[Any]] = set()

    def start(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """A task that is not to end by itself."""
        task = asyncio.create_task(work, name=name)
        self._lasting.add(task)
        return task

    def spawn(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        """A task that ends when it is done."""
        self._errands.add(asyncio.create_task(work, name=name))

    async def watch(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. Raises what a task died of, if one does before."""
        stopped = asyncio.create_task(stop.wait(), name="stop")
        try:
            while not stopped.done():
                tasks = {stopped, *self._lasting, *self._errands}
                done, _ = await asyncio.wait(
                    tasks, timeout=1.0, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done - {stopped}:
                    task.result()
                    self._errands.discard(task)
                    if task in self._lasting:
                        raise RuntimeError(f"{task.get_name()} ended by itself")
        finally:
            stopped.cancel()

    async def cancel(self) -> None:
        tasks = [*self._lasting, *self._errands]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for task in tasks:
            # Not raised again: `watch` may be raising it, and it would forget where it was raised.
            if not task.cancelled() and (error := task.exception()) is not None:
                logger.debug("%s had died", task.get_name(), exc_info=error)
        self._lasting.clear()
        self._errands.clear()


async def every(
    seconds: float, work: Callable[[], Awaitable[None]], share: Callable[[], float] = lambda: 1.0
) -> None:
    """Call `work` again and again, with this pause between; with a longer one where else it
    would take more than this share of the time."""
    clock = asyncio.get_running_loop().time
    while True:
        began = clock()
        await work()
        took = clock() - began
        await asyncio.sleep(max(seconds, took / share() - took))

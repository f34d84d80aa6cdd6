"""Side tasks that a test waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from shuttle.worker.background import BackgroundTasks


class Errands(BackgroundTasks):
    """Those that end when they are done, and nobody watches."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        """Of all there have been."""
        self._spawned: list[asyncio.Task[Any]] = []

    def spawn(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        self.names.append(name)
        self._spawned.append(asyncio.create_task(work, name=name))

    async def done(self) -> None:
        """All have ended, also those that others have begun. Raises what one died of."""
        while self._spawned:
            await self._spawned.pop(0)

    async def cancel(self) -> None:
        for task in self._spawned:
            task.cancel()
        await asyncio.gather(*self._spawned, return_exceptions=True)
        await super().cancel()

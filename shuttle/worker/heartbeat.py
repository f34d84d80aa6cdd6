"""The name under which a worker speaks of drains, while it lives."""

from __future__ import annotations

import logging
import os
import platform
import uuid

from shuttle.commit.store import Place, Speaker, StoreError
from shuttle.commit.store_thread import StoreThread

logger = logging.getLogger(__name__)


class Heartbeat:
    """Owns who the worker is in the database."""

    def __init__(self, store: StoreThread, slot: int) -> None:
        self._store = store
        self._place = Place(platform.node(), slot, os.getpid())
        self._known: Speaker | None = None

    @property
    def speaker(self) -> Speaker:
        """Raises StoreError before it has begun."""
        if self._known is None:
            raise StoreError("this worker has no name yet")
        return self._known

    async def begin(self) -> None:
        """Waits for the database."""
        run = _new_run()
        self._known = await self._store.read(lambda store: store.take_name(self._place, run))

    async def beat(self) -> bool:
        """False: another has its name. Raises StoreError."""
        speaker = self.speaker
        return await self._store.ask(lambda store: store.beat(speaker))

    async def take_another_name(self) -> None:
        """Raises StoreError."""
        run, before = _new_run(), self.speaker
        self._known = await self._store.ask(
            lambda store: store.take_name(self._place, run, is_start=False)
        )
        said = "Another worker speaks as %s: this one is %s from now on"
        logger.warning(said, before.name, self.speaker.name, extra={"action": "renamed"})

    async def end(self) -> None:
        """Raises StoreError."""
        speaker = self.speaker
        await self._store.ask(lambda store: store.beat(speaker, has_ended=True))


def _new_run() -> str:
    return uuid.uuid4().hex

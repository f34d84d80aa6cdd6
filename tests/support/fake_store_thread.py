"""What StoreThread does, without the thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shuttle.commit.store import StoreError


class FakeStoreThread:
    """Asked in this thread; `away` when a test says so."""

    def __init__(self, store: Any) -> None:
        self.away = False
        self.asked = 0
        self._store = store

    async def ask(self, work: Callable[[Any], Any]) -> Any:
        self.asked += 1
        if self.away:
            raise StoreError("away")
        return work(self._store)

    insist = read = ask  # while it is away, there is nothing that a test could wait for

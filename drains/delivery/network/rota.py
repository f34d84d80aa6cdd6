"""Who waits, owner after owner: nobody waits for all that another one has to do."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Rota(Generic[T]):
    """True while somebody waits."""

    def __init__(self) -> None:
        self._waiting: dict[Hashable, deque[T]] = {}
        """By owner: whose turn it is stands first."""

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, owner: Hashable, item: T) -> None:
        self._waiting.setdefault(owner, deque()).append(item)

    def take(self) -> T:
        """The first of the owner whose turn it is, who then is the last."""
        owner = next(iter(self._waiting))
        items = self._waiting.pop(owner)
        item = items.popleft()
        if items:
            self._waiting[owner] = items
        return item

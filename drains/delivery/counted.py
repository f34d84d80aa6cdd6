"""What senders have in common whose bytes are confirmed by being counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic

from drains.delivery.checkpoints import Checkpoints
from drains.delivery.sender import CAPACITY_BYTES, Ended, MarkT


class CountedSender(Generic[MarkT]):
    capacity_bytes = CAPACITY_BYTES
    trouble: str | None = None
    lines_refused = 0

    def __init__(self, ended: Ended) -> None:
        self._ended: Ended | None = ended
        self._checkpoints: Checkpoints[MarkT] = Checkpoints()

    @property
    def confirmed_bytes(self) -> int:
        return self._checkpoints.confirmed_bytes

    @property
    def unconfirmed(self) -> Iterator[MarkT]:
        return (mark for _, mark in self._checkpoints.unconfirmed)

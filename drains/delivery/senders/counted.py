"""What senders have in common whose bytes are confirmed by being counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic

from drains.delivery.sender import CAPACITY_BYTES, Ended, WriteT
from drains.delivery.senders.checkpoints import Checkpoints


class CountedSender(Generic[WriteT]):
    capacity_bytes = CAPACITY_BYTES
    trouble: str | None = None
    lines_refused = 0
    progressed_at = 0.0
    certificate_ends_at: float | None = None

    def __init__(self, ended: Ended) -> None:
        self._ended: Ended | None = ended
        self._checkpoints: Checkpoints[WriteT] = Checkpoints()

    @property
    def confirmed_bytes(self) -> int:
        return self._checkpoints.confirmed_bytes

    @property
    def unconfirmed(self) -> Iterator[WriteT]:
        return (write for _, write in self._checkpoints.unconfirmed)

    async def wait_closed(self) -> None:
        """There is no task: asyncio ends the transport by itself."""

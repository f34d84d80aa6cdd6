"""What a connection has written, what of it the receiver has confirmed, what to send again.

Pure bookkeeping; bytes and times are arguments. A write is its owner's own value.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, NamedTuple, TypeVar

KEPT_SECONDS = 5.0
KEPT_BYTES = 4 * 1024 * 1024
"""Confirmed writes are kept this long: a kernel may confirm bytes that nobody ever reads."""

WriteT = TypeVar("WriteT")


class StepBack(NamedTuple):
    """How much of what was confirmed lately to distrust when a connection ends."""

    seconds: float = KEPT_SECONDS
    max_bytes: int = KEPT_BYTES
    of_unread: float = 1.0
    """How much of what its kernel seems to hold, however long ago that was confirmed."""

    def halved(self) -> StepBack:
        return StepBack(self.seconds / 2, self.max_bytes // 2, self.of_unread / 2)


NO_STEP_BACK = StepBack(0.0, 0, 0.0)


class Checkpoints(Generic[WriteT]):
    def __init__(self) -> None:
        self.written_bytes = 0
        self.confirmed_bytes = 0
        self.unread_bytes = 0
        """Confirmed, and by the look of it still unread."""
        self.unconfirmed: deque[tuple[int, WriteT]] = deque()
        """(bytes written up to and with this write, write), oldest first."""
        self._confirmed: deque[tuple[int, float, WriteT]] = deque()

    def wrote(self, size: int, write: WriteT) -> None:
        self.written_bytes += size
        self.unconfirmed.append((self.written_bytes, write))

    def confirm(self, confirmed_bytes: int, now: float) -> list[WriteT]:
        """All bytes up to here are confirmed: the writes that this completes, oldest first."""
        self.confirmed_bytes = max(self.confirmed_bytes, confirmed_bytes)
        completed = []
        while self.unconfirmed and self.unconfirmed[0][0] <= self.confirmed_bytes:
            end, write = self.unconfirmed.popleft()
            self._confirmed.append((end, now, write))
            completed.append(write)
        self._forget(now)
        return completed

    def to_send_again(self, distrusted: StepBack, now: float) -> list[WriteT]:
        """The writes, oldest first, that nobody may have read, should the connection be over."""
        from_bytes = self.confirmed_bytes - distrusted.max_bytes
        from_time = now - distrusted.seconds
        unread_from = self.confirmed_bytes - self.unread_bytes * distrusted.of_unread
        doubtful = [
            write
            for end, at, write in self._confirmed
            if end > unread_from or (end > from_bytes and at > from_time)
        ]
        return doubtful + [write for _, write in self.unconfirmed]

    def _forget(self, now: float) -> None:
        kept = self._confirmed
        read = self.confirmed_bytes - self.unread_bytes
        while kept and kept[0][0] <= read:
            end, at, _ = kept[0]
            if at > now - KEPT_SECONDS and end > self.confirmed_bytes - KEPT_BYTES:
                break
            kept.popleft()

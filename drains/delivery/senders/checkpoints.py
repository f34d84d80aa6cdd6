"""What a connection has written, what of it the receiver has confirmed, what to send again.

Pure bookkeeping; bytes and times are arguments. A write is its owner's own value.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

KEPT_SECONDS = 5.0
KEPT_BYTES = 4 * 1024 * 1024
"""Confirmed writes are kept this long: a kernel may confirm bytes that nobody ever reads."""
UNREAD_BYTES = 512 * 1024
"""What a kernel may hold for a receiver that has stopped reading, however long ago."""

WriteT = TypeVar("WriteT")


class Checkpoints(Generic[WriteT]):
    def __init__(self) -> None:
        self.written_bytes = 0
        self.confirmed_bytes = 0
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

    def to_send_again(self, now: float, *, hung: bool) -> list[WriteT]:
        """The writes, oldest first, that nobody may have read, should the connection be over.

        `hung`: it is over because the receiver stopped reading.
        """
        doubtful = [
            write
            for end, at, write in self._confirmed
            if (self._is_in_reach(end) if hung else self._is_late(end, at, now))
        ]
        return doubtful + [write for _, write in self.unconfirmed]

    def _forget(self, now: float) -> None:
        kept = self._confirmed
        while kept and not (self._is_late(*kept[0][:2], now) or self._is_in_reach(kept[0][0])):
            kept.popleft()

    def _is_late(self, end: int, at: float, now: float) -> bool:
        return at > now - KEPT_SECONDS and end > self.confirmed_bytes - KEPT_BYTES

    def _is_in_reach(self, end: int) -> bool:
        return end > self.confirmed_bytes - UNREAD_BYTES

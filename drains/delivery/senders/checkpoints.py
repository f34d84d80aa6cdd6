"""What a connection has written, what of it the receiver has confirmed, what to send again.

Pure bookkeeping; bytes and times are arguments. A write is its owner's own value, which can be
joined with the one behind it.
"""

from __future__ import annotations

from typing import Generic, Protocol, Self, TypeVar

KEPT_SECONDS = 5.0
KEPT_BYTES = 4 * 1024 * 1024
"""Confirmed writes are kept this long: a kernel may confirm bytes that nobody ever reads."""
UNREAD_BYTES = 512 * 1024
"""What a kernel may hold for a receiver that has stopped reading, however long ago."""
JOINED_BYTES = 16 * 1024
"""Writes that are older than KEPT_SECONDS are joined up to so many: a quiet drain has thousands."""


class Joinable(Protocol):
    def joined(self, behind: Self) -> Self:
        """One that holds both."""


WriteT = TypeVar("WriteT", bound=Joinable)


class Checkpoints(Generic[WriteT]):
    def __init__(self) -> None:
        self.written_bytes = 0
        self.confirmed_bytes = 0
        # Short lists each: a deque has room for 64 from the beginning, in every connection.
        self.unconfirmed: list[tuple[int, WriteT]] = []
        """(bytes written up to and with this write, write), oldest first."""
        self._late: list[tuple[int, float, WriteT]] = []
        """Confirmed in the last KEPT_SECONDS: where each ends, and when that was."""
        self._old: list[tuple[int, int, WriteT]] = []
        """Confirmed before: where each begins and ends."""

    def wrote(self, size: int, write: WriteT) -> None:
        self.written_bytes += size
        self.unconfirmed.append((self.written_bytes, write))

    def confirm(self, confirmed_bytes: int, now: float) -> list[WriteT]:
        """All bytes up to here are confirmed: the writes that this completes, oldest first."""
        self.confirmed_bytes = max(self.confirmed_bytes, confirmed_bytes)
        completed = []
        while self.unconfirmed and self.unconfirmed[0][0] <= self.confirmed_bytes:
            end, write = self.unconfirmed.pop(0)
            self._late.append((end, now, write))
            completed.append(write)
        self._forget(now)
        return completed

    def to_send_again(self, now: float, *, hung: bool) -> list[WriteT]:
        """The writes, oldest first, that nobody may have read, should the connection be over.

        `hung`: it is over because the receiver stopped reading.
        """
        late = [write for end, at, write in self._late if self._is_late(end, at, now)]
        if hung:
            late = [write for *_, write in (*self._old, *self._late)]
        return late + [write for _, write in self.unconfirmed]

    def _forget(self, now: float) -> None:
        late, old = self._late, self._old
        while late and not self._is_late(late[0][0], late[0][1], now):
            end, _, write = late.pop(0)
            begin = old[-1][1] if old else 0
            if old and end - old[-1][0] <= JOINED_BYTES:
                begin, _, older = old.pop()
                write = older.joined(write)
            old.append((begin, end, write))
        while old and old[0][1] <= self.confirmed_bytes - UNREAD_BYTES:
            old.pop(0)

    def _is_late(self, end: int, at: float, now: float) -> bool:
        return at > now - KEPT_SECONDS and end > self.confirmed_bytes - KEPT_BYTES

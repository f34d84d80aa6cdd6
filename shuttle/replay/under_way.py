"""What all replays together have handed over and no kernel has taken yet: bounded, and shared."""

from __future__ import annotations

from shuttle.feed.feed import Feed

PART = 8


class UnderWay:
    """A receiver may hold so much of what is free, as in a switch's shared buffer: thousands of
    slow ones hold little each, and never all of it. Owns who holds something, and how much."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes = 0
        """At most: what has been handed over since the last `measure` may have got through."""
        self._bytes_max = bytes_max
        self._holders: set[Feed] = set()

    @property
    def share_bytes(self) -> int:
        """Who holds as much gets no more."""
        return (self._bytes_max - self.bytes) // PART

    def add(self, feed: Feed, size: int) -> None:
        self._holders.add(feed)
        self.bytes += size

    def measure(self) -> None:
        held = {feed: feed.outbound.delivery.outbox_bytes for feed in self._holders}
        self._holders = {feed for feed, size in held.items() if size}
        self.bytes = sum(held.values())

"""Which feeds want attention, so that nobody has to ask them all; and what they share."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from events.kafka.records import TopicPartition
from shuttle.feed.delays import Delays
from shuttle.feed.link import Connect, Dials
from shuttle.feed.retry_coordinator import Retryable, RetryCoordinator

FeedT = TypeVar("FeedT", bound=Retryable)


@dataclass(slots=True)
class Registers(Generic[FeedT]):
    connect: Connect
    clock: Callable[[], float]
    """Monotonic seconds."""
    wall_clock: Callable[[], float] = time.time
    hostname: str = ""
    """What stands as HOSTNAME in every line; empty: the drain's own."""
    dials: Dials = field(default_factory=Dials)
    due: dict[float, deque[tuple[float, FeedT]]] = field(default_factory=dict)
    """Feeds with lines to flush, and when; by how long lines gather, each list in order."""
    outstanding: set[FeedT] = field(default_factory=set)
    """Feeds with lines that no receiver has confirmed."""
    behind: set[FeedT] = field(default_factory=set)
    """Feeds with gaps."""
    retries: RetryCoordinator[FeedT] = field(default_factory=RetryCoordinator)
    """Feeds whose receivers have failed."""
    unstored: set[FeedT] = field(default_factory=set)
    """Feeds whose cursors may differ from what the database has."""
    untold: set[FeedT] = field(default_factory=set)
    """Feeds that have lost lines which the database does not know of: neither a cursor nor an
    offset may get beyond those before it does."""
    urgent: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a cursor stepped back: it is to be stored at once."""
    settled: Mapping[TopicPartition, int] = field(default_factory=dict)
    """How far the group has got: below that all is delivered, or cursors say who lacks it."""
    lines_confirmed: Counter[str] = field(default_factory=Counter)
    """By all feeds together, also those that are gone, by scheme."""
    delays: Delays = field(default_factory=Delays)
    lines_lost: Counter[str] = field(default_factory=Counter)
    """By reason (notices); the same."""

    def flush_later(self, feed: FeedT, seconds: float) -> None:
        self.due.setdefault(seconds, deque()).append((self.clock() + seconds, feed))

    def forget(self, feed: FeedT) -> None:
        for register in (self.outstanding, self.behind, self.unstored, self.untold):
            register.discard(feed)
        self.retries.forget(feed)

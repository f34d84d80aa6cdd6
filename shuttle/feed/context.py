"""What all feeds of a worker share, and which of them want attention."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from shuttle.feed.dials import Dials
from shuttle.feed.filter_shares import FilterShares
from shuttle.feed.link import Connect
from shuttle.feed.retry_coordinator import RetryCoordinator
from shuttle.feed.totals import Totals

FeedT = TypeVar("FeedT")


@dataclass(slots=True)
class FeedContext:
    """Services. Nothing of it knows a feed."""

    connect: Connect
    clock: Callable[[], float]
    """Monotonic seconds."""
    wall_clock: Callable[[], float] = time.time
    hostname: str = ""
    """What stands as HOSTNAME in every line; empty: the drain's own."""
    dials: Dials = field(default_factory=Dials)
    retries: RetryCoordinator = field(default_factory=RetryCoordinator)
    totals: Totals = field(default_factory=Totals)
    filling: set[str] = field(default_factory=set)
    """Drains to whose receivers more was on its way than half of what may be."""
    refused_topics: dict[str, float] = field(default_factory=dict)
    """That Kafka does not let us read, and since when (epoch seconds)."""
    filter_shares: FilterShares = field(init=False)

    def __post_init__(self) -> None:
        self.filter_shares = FilterShares(self.clock)


@dataclass(slots=True)
class WorkLists(Generic[FeedT]):
    """Feeds that want attention, so that nobody has to ask them all."""

    due: dict[float, deque[tuple[float, FeedT]]] = field(default_factory=dict)
    """With lines to flush, and when; by how long lines gather, each list in order."""
    outstanding: set[FeedT] = field(default_factory=set)
    """With lines that no receiver has confirmed."""
    behind: set[FeedT] = field(default_factory=set)
    """With gaps."""
    stirred: dict[FeedT, None] = field(default_factory=dict)
    """Of which something has changed that may begin or end their replay, in order."""
    unstored: set[FeedT] = field(default_factory=set)
    """Whose cursors may differ from what the database has."""
    untold: set[FeedT] = field(default_factory=set)
    """Who have lost lines which the database does not know of: neither a cursor nor an offset may
    get beyond those before it does."""
    news: set[FeedT] = field(default_factory=set)
    """Of whose state or error something else may be to be told."""
    moved: set[FeedT] = field(default_factory=set)
    """Whose figures have changed since they were told."""
    closed: set[FeedT] = field(default_factory=set)
    """Who are no more, and of whom something may have been told."""
    urgent: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a cursor stepped back: it is to be stored at once."""

    def flush_later(self, feed: FeedT, now: float, seconds: float) -> None:
        """`now`: monotonic seconds. `seconds`: how long its lines gather."""
        self.due.setdefault(seconds, deque()).append((now + seconds, feed))

    def gaps_changed(self, feed: FeedT, *, is_behind: bool) -> None:
        """To be called whenever it lacks something else, or a replay of it may have to begin or to
        end."""
        self.moved.add(feed)
        if is_behind is not (feed in self.behind):
            self.news.add(feed)
            self.behind.add(feed) if is_behind else self.behind.discard(feed)
        elif not is_behind:
            return
        self.stirred[feed] = None

    def forget(self, feed: FeedT) -> None:
        here = (self.outstanding, self.behind, self.unstored, self.untold, self.news, self.moved)
        for listed in here:
            listed.discard(feed)
        self.stirred[feed] = None
        self.closed.add(feed)

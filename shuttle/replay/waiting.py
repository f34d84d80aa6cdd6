"""Who waits for a replay pass. Nobody here asks all who are behind: feeds come when something has
happened to them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice

from shuttle.feed.feed import Feed

TRIED, TRIED_PART = 200, 20
"""With each look so many are tried whom no pass could take, and at least this part of them: a pass
that gets near takes them along."""
FULL_TRIED = 200


class Waiting:
    """Owns three queues: who has just come, who no pass can take, and whose receivers are full or
    whose filters have used up their share."""

    def __init__(self) -> None:
        self._come: dict[Feed, None] = {}
        self._stuck: dict[Feed, None] = {}
        self._next_stuck: Iterator[Feed] = iter(())
        self._full: deque[Feed] = deque()
        self._are_full: set[Feed] = set()

    @property
    def have_come(self) -> bool:
        return bool(self._come)

    @property
    def are_stuck(self) -> bool:
        return bool(self._stuck)

    def add(self, feed: Feed) -> None:
        """Behind those who wait already."""
        self._are_full.discard(feed)
        if feed not in self._stuck:
            self._come[feed] = None

    def is_stuck(self, feed: Feed) -> None:
        """No pass can take it."""
        self._come.pop(feed, None)
        self._stuck[feed] = None

    def is_full(self, feed: Feed) -> None:
        """It waits for its receiver, or its filter's share, first."""
        self._discard(feed)
        if feed not in self._are_full:
            self._are_full.add(feed)
            self._full.append(feed)

    def discard(self, feed: Feed) -> None:
        """It waits for nothing here."""
        self._are_full.discard(feed)
        self._discard(feed)

    def next_full(self) -> list[Feed]:
        """Some of them, in turns. Each is to be put somewhere again."""
        found = []
        for _ in range(min(FULL_TRIED, len(self._full))):
            feed = self._full.popleft()
            if feed in self._are_full:
                self._are_full.remove(feed)
                found.append(feed)
        return found

    def next(self, *, from_first: bool) -> list[Feed]:
        """Who is to be tried, the longest first: some of those who are stuck, in turns or from the
        first one on, and some who have come."""
        tried = max(TRIED, len(self._stuck) // TRIED_PART)
        if from_first:
            self._next_stuck = iter(list(self._stuck))
        stuck = list(islice(self._next_stuck, tried))
        if len(stuck) < tried:
            self._next_stuck = iter(list(self._stuck))
        come = islice(self._come, TRIED)
        return [*(feed for feed in stuck if feed in self._stuck), *come]

    def _discard(self, feed: Feed) -> None:
        self._come.pop(feed, None)
        self._stuck.pop(feed, None)

"""What a worker tells of its drains: changes at once, all of it now and then."""

from __future__ import annotations

from collections.abc import Iterable

from shuttle.commit.store import FeedStatus
from shuttle.feed.feed import Feed

REFRESH_SECONDS = 10.0
"""Told anew this often, so that a reader can tell a quiet worker from one that is gone."""
FIGURES_SECONDS = 5.0
"""How much older than the truth figures and the time of the last delivery may be."""
AT_ONCE = FeedStatus._fields.index("last_delivery_at")
"""How many of a status's fields are told as soon as they change."""


class Told:
    """What was told last of each feed, and when."""

    def __init__(self) -> None:
        self._told: dict[Feed, tuple[FeedStatus, float]] = {}

    def news(self, feeds: Iterable[Feed], now: float) -> dict[Feed, FeedStatus]:
        """What is to be told now. `now`: monotonic seconds."""
        statuses = {feed: _status_of(feed) for feed in feeds}
        return {
            feed: status for feed, status in statuses.items() if self._is_news(feed, status, now)
        }

    def all_of(self, feeds: Iterable[Feed]) -> dict[Feed, FeedStatus]:
        """Whatever was told before."""
        return {feed: _status_of(feed) for feed in feeds}

    def keep_only(self, feeds: Iterable[Feed]) -> None:
        """The others are gone."""
        for gone in self._told.keys() - set(feeds):
            del self._told[gone]

    def was_told(self, news: dict[Feed, FeedStatus], now: float) -> None:
        self._told.update({feed: (status, now) for feed, status in news.items()})

    def _is_news(self, feed: Feed, status: FeedStatus, now: float) -> bool:
        told, at = self._told.get(feed, (None, 0.0))
        if told is None or now - at >= REFRESH_SECONDS:
            return True
        if told == status:
            return False
        return told[:AT_ONCE] != status[:AT_ONCE] or now - at >= FIGURES_SECONDS


def _status_of(feed: Feed) -> FeedStatus:
    error = feed.health.last_error
    return FeedStatus(
        feed.route.drain_id,
        feed.state,
        error.text,
        error.at,
        feed.stats.last_delivery_at,
        lag_messages=feed.lag_lines,
        lag_seconds=feed.lag_seconds if feed.gaps else 0.0,
        lines_sent=feed.stats.lines_confirmed,
        bytes_sent=feed.stats.bytes_confirmed,
        lines_lost=feed.stats.lines_lost.total(),
    )

"""What each drain of this worker was sent, minute by minute, for who reads its status. Nothing is
counted where lines go by: looks at what a feed has had in all are enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drains.rates import MINUTES, QUARTERS, Tally, nothing
from shuttle.commit.store import FeedStatus
from shuttle.feed.feed import Feed


class _Book:
    """Of a feed that has sent something, or of which that was told before."""

    __slots__ = ("minutes", "quarters", "seen", "since", "told")

    def __init__(self, wall: float, since: float) -> None:
        self.seen = 0
        """Lines in all."""
        self.told = 0
        """So many of them the database knows of."""
        self.minutes, self.quarters = Tally(MINUTES, wall), Tally(QUARTERS, wall)
        self.since = since, since
        """From when on each of them counts (epoch seconds)."""


class DrainRates:
    """Owns what was counted. `wall_clock`: epoch seconds."""

    def __init__(self, wall_clock: Callable[[], float]) -> None:
        self._wall_clock = wall_clock
        self._since = wall_clock()
        self._books: dict[Feed, _Book] = {}

    def resume(self, feed: Feed, told: FeedStatus, seen: int) -> None:
        """`told`: what stands in the database. `seen`: so many of the feed's lines stand elsewhere,
        or in it."""
        wall = self._wall_clock()
        book = self._books[feed] = _Book(wall, self._since)
        book.seen = book.told = seen
        if told.sent_by_minute and told.sent_by_quarter:
            book.minutes, minutes_since = Tally.resumed(MINUTES, told.sent_by_minute, wall)
            book.quarters, quarters_since = Tally.resumed(QUARTERS, told.sent_by_quarter, wall)
            book.since = minutes_since, quarters_since

    def look(self, feed: Feed, lines_sent: int) -> None:
        """`lines_sent`: by now. Most looks find nothing new."""
        book = self._books.get(feed)
        if book is None:
            if not lines_sent:
                return
            book = self._books[feed] = _Book(self._wall_clock(), self._since)
        if lines_sent != book.seen:
            wall, new = self._wall_clock(), max(lines_sent - book.seen, 0)
            book.seen = lines_sent
            book.minutes.add(new, wall)
            book.quarters.add(new, wall)

    def beside(self, feed: Feed, status: FeedStatus, *, is_first: bool) -> FeedStatus:
        """The status with what of it is news. `is_first`: the database has none of this feed."""
        self.look(feed, status.lines_sent)
        book, since = self._books.get(feed), self._since
        if book is None:
            if not is_first:
                return status
            texts = nothing(MINUTES, since), nothing(QUARTERS, since)
            return status._replace(sent_by_minute=texts[0], sent_by_quarter=texts[1])
        lately = book.minutes.lately(self._wall_clock())
        if book.told == book.seen and not is_first:
            return status._replace(lines_lately=lately)
        return status._replace(
            lines_lately=lately,
            sent_by_minute=book.minutes.text(book.since[0]),
            sent_by_quarter=book.quarters.text(book.since[1]),
        )

    def written(self, statuses: Mapping[Feed, FeedStatus]) -> None:
        """The database has these."""
        for feed, status in statuses.items():
            book = self._books.get(feed)
            if book is not None:
                book.told = status.lines_sent

    def forget(self, feed: Feed) -> None:
        """Its drain is gone."""
        self._books.pop(feed, None)

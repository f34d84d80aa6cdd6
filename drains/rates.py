"""What a drain was sent of late, minute by minute: how workers count it, the short text that stands
beside their statuses, and the sums that are read from that. Nothing of Django.

The text is `since newest counts`: steps since the epoch, and from the newest on, backwards, what
each step has, where nothing stands for 0. So it stays as it is while nothing is sent.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple, Protocol


class Steps(NamedTuple):
    """How long one is, and how many of those that are over are shown."""

    seconds: int
    shown: int

    def at(self, wall: float) -> int:
        """The step of a moment (epoch seconds)."""
        return int(wall // self.seconds)


MINUTES = Steps(60, 60)
QUARTERS = Steps(900, 96)


class Told(Protocol):
    """A row of what one worker has said (models.DrainStatus)."""

    sent_by_minute: str
    sent_by_quarter: str
    reported_at: datetime


class Rates(NamedTuple):
    """Lines in each step, the oldest first, to the last one that is over; None: nobody has said
    anything of it."""

    minutes: list[int | None]
    quarters: list[int | None]


def rates_of(told: Iterable[Told], now: datetime, heard_since: datetime | None = None) -> Rates:
    """The sums of all workers, in the last hour and the last day. `heard_since`: since when workers
    have been there, None: none is; where they say nothing of it, nothing was sent."""
    rows = list(told)
    quarters = _sums(rows, lambda row: row.sent_by_quarter, QUARTERS, now, heard_since)
    return Rates(minutes_of(rows, now, heard_since), quarters)


def minutes_of(
    told: Iterable[Told], now: datetime, heard_since: datetime | None = None
) -> list[int | None]:
    """The last hour alone: what lists show of many drains."""
    return _sums(told, lambda row: row.sent_by_minute, MINUTES, now, heard_since)


def _sums(
    told: Iterable[Told],
    text_of: Callable[[Told], str],
    steps: Steps,
    now: datetime,
    heard_since: datetime | None,
) -> list[int | None]:
    ends = steps.at(now.timestamp())
    heard = ends if heard_since is None else steps.at(heard_since.timestamp())
    silent = min(max(heard - (ends - steps.shown), 0), steps.shown)
    sums: list[int | None] = [*[None] * silent, *[0] * (steps.shown - silent)]
    for row in told:
        since, newest, counts = _read(text_of(row))
        if since is None:
            continue
        until = min(steps.at(row.reported_at.timestamp()) + 1, ends)
        for step in range(max(since, ends - steps.shown), until):
            back = newest - step
            lines = counts[back] if 0 <= back < len(counts) else 0
            at = step - ends
            sums[at] = (sums[at] or 0) + lines
    return sums


def _read(text: str) -> tuple[int | None, int, list[int]]:
    """`since`: None for what a version before has not written, or nobody can read."""
    with suppress(ValueError):
        since, newest, counts = text.split(" ")
        return int(since), int(newest), [int(of or 0) for of in counts.split(",")]
    return None, 0, []


class Tally:
    """Lines in the newest steps, no more than are asked for: grows as they come."""

    __slots__ = ("_counts", "_newest", "_steps")

    def __init__(self, steps: Steps, wall: float) -> None:
        self._steps = steps
        self._newest = steps.at(wall)
        self._counts = array("Q", [0])
        """The newest first."""

    @classmethod
    def resumed(cls, steps: Steps, text: str, wall: float) -> tuple[Tally, float]:
        """Goes on from a text, and since when that has counted (epoch seconds). One that nobody can
        read counts from now on."""
        made = cls(steps, wall)
        since, newest, counts = _read(text)
        if since is None:
            return made, wall
        made._newest = newest
        made._counts = array("Q", [max(of, 0) for of in counts[: steps.shown + 1]])
        return made, float(since * steps.seconds)

    def add(self, lines: int, wall: float) -> None:
        """A clock that goes back counts in the newest step."""
        counts, passed = self._counts, self._steps.at(wall) - self._newest
        if passed > 0:
            self._newest += passed
            zeros = array("Q", bytes(8 * min(passed, self._steps.shown + 1)))
            self._counts = counts = (zeros + counts)[: self._steps.shown + 1]
        counts[0] += lines

    def lately(self, wall: float) -> int:
        """Lines in as many steps as are shown, with the one that is not over."""
        gone = max(self._steps.at(wall) - self._newest, 0)
        return sum(self._counts[: max(self._steps.shown - gone, 0)])

    def text(self, since: float) -> str:
        """`since`: from when on it has counted (epoch seconds)."""
        counts = ",".join(str(of) if of else "" for of in self._counts)
        return f"{self._steps.at(since)} {self._newest} {counts.rstrip(',')}"


def nothing(steps: Steps, since: float) -> str:
    """What is told of who has been sent nothing since."""
    return Tally(steps, since).text(since)

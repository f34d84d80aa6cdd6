"""Minute and hour rows of workers → rates, percentiles, totals, step by step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from shuttle.feed.delay_histogram import BOUNDS

T = TypeVar("T")

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Row(NamedTuple):
    """One of a worker (shuttle.models.Rollup)."""

    begins_at: datetime
    figures: Mapping[str, Any]
    talkers: Mapping[str, Any]


def _add(sums: Counter[T], counts: Iterable[tuple[T, int]]) -> None:
    """Of thousands of rows, `Counter.update` would take as long again as all else."""
    for kind, count in counts:
        sums[kind] = sums.get(kind, 0) + count


@dataclass(slots=True)
class Sums:
    """Of all workers, in one span of time."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    delays: Counter[int] = field(default_factory=Counter)
    told: set[datetime] = field(default_factory=set)
    """The minutes or hours that anybody has told of."""

    def add(self, row: Row) -> None:
        self.told.add(row.begins_at)
        for name, found in row.figures.items():
            if name == "delays":
                _add(self.delays, enumerate(found))
            else:
                sums = self.counts.get(name)
                if sums is None:
                    sums = self.counts[name] = Counter()
                _add(sums, found.items())

    def count(self, name: str, kind: str) -> int:
        return self.counts[name][kind] if name in self.counts else 0

    def total(self, name: str) -> int:
        return self.counts[name].total() if name in self.counts else 0

    def all_of(self, name: str) -> dict[str, int]:
        return dict(self.counts.get(name, {}))

    def delay(self, share: float) -> float | None:
        """The delay, in seconds, that this share of the lines did not exceed; None: no lines.

        Within a bucket lines are taken to lie evenly; beyond the last one there is only its bound.
        """
        total = self.delays.total()
        if not total:
            return None
        wanted, below = share * total, 0
        for bucket, lines in sorted(self.delays.items()):
            if lines and below + lines >= wanted:
                low = BOUNDS[bucket - 1] if bucket else 0.0
                high = BOUNDS[bucket] if bucket < len(BOUNDS) else low
                return low + (high - low) * (wanted - below) / lines
            below += lines
        return BOUNDS[-1]


class Series(NamedTuple):
    """What was, step by step. None where nobody has said anything."""

    begins_at: datetime
    step_seconds: int
    received: dict[str, list[float | None]]
    """Lines a second, by source."""
    delivered: dict[str, list[float | None]]
    """The same by scheme."""
    delay_p50: list[float | None]
    delay_p99: list[float | None]
    lost: list[int | None]
    malformed: list[int | None]
    tails: list[float | None]
    """That were open, on the average."""
    behind: list[float | None]
    """Lines that drains lacked, on the average."""


class Range(NamedTuple):
    """How far a series goes back, and in what steps."""

    words: str
    of: timedelta
    """What rows are of that it is made of."""
    step: timedelta
    steps: int

    def floor(self, at: datetime) -> datetime:
        """Where the step began that a moment lies in."""
        return at - (at - _EPOCH) % self.step


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RANGES = {
    "1h": Range("1 h", MINUTE, MINUTE, 60),
    "24h": Range("24 h", MINUTE, 10 * MINUTE, 144),
    "7d": Range("7 d", HOUR, HOUR, 168),
}


def by_step(rows: Iterable[Row], of: Range) -> dict[datetime, Sums]:
    found: dict[datetime, Sums] = {}
    for row in rows:
        found.setdefault(of.floor(row.begins_at), Sums()).add(row)
    return found


def total(rows: Iterable[Row]) -> Sums:
    sums = Sums()
    for row in rows:
        sums.add(row)
    return sums


def series(
    steps: Mapping[datetime, Sums],
    now: datetime,
    of: Range,
    tails: Mapping[datetime, Sums] = MappingProxyType({}),
) -> Series:
    """Up to the last step that is over. A rate is of the time that somebody has told of: of `steps`
    workers, of `tails` web processes."""
    begins_at, seconds = of.floor(now) - of.steps * of.step, of.of.total_seconds()
    times = [begins_at + number * of.step for number in range(of.steps)]
    sums, tail_sums = ([each.get(at) for at in times] for each in (steps, tails))

    def each(read: Callable[[Sums], T], sums: list[Sums | None] = sums) -> list[T | None]:
        return [None if of is None else read(of) for of in sums]

    def rate(name: str, kind: str) -> Callable[[Sums], float]:
        return lambda of: of.count(name, kind) / (seconds * len(of.told))

    def rates(name: str) -> dict[str, list[float | None]]:
        kinds = sorted({kind for of in sums if of for kind in of.counts.get(name, ())})
        return {kind: each(rate(name, kind)) for kind in kinds}

    return Series(
        begins_at,
        int(of.step.total_seconds()),
        rates("received"),
        rates("delivered"),
        [of.delay(0.5) if of else None for of in sums],
        [of.delay(0.99) if of else None for of in sums],
        each(lambda of: of.total("lost")),
        each(lambda of: of.total("malformed")),
        each(rate("open", "seconds"), tail_sums),
        [
            rate("behind", "line_seconds")(of) if of and "behind" in of.counts else None
            for of in sums
        ],
    )

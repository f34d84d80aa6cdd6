"""Minute and hour rows of workers → who writes most, what costs most, what fell silent."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from logshuttle_site.overview.rollups import MINUTE, Row

OTHER = "other"
LATELY = 5 * MINUTE
"""What talkers of now are of."""
TALKERS, TOPICS = 10, 5
SILENT = timedelta(minutes=10)
LOUD_A_MINUTE = 10
"""A topic with so many records a minute, over a day, is missed when it falls silent."""


class Talker(NamedTuple):
    owner: str
    lines: int
    bytes: int
    share: float
    """Of all lines that somebody wants."""


def talkers(rows: Iterable[Row]) -> list[Talker]:
    """The largest. What each worker has counted as `other` counts in the whole alone."""
    lines, sizes = _lines_and_bytes(rows, "apps")
    whole = lines.total()
    named = [(owner, count) for owner, count in lines.most_common(TALKERS + 1) if owner != OTHER]
    return [Talker(owner, n, sizes[owner], n / whole) for owner, n in named[:TALKERS]]


class LoudTopic(NamedTuple):
    """Where much is written, by apps with drains and without."""

    topic: str
    records: int
    share: float
    """Of all records."""


def loud_topics(rows: Iterable[Row]) -> list[LoudTopic]:
    records = _records(rows)
    whole = records.total()
    named = [(topic, n) for topic, n in records.most_common(TOPICS + 1) if topic != OTHER]
    return [LoudTopic(topic, n, n / whole) for topic, n in named[:TOPICS]]


class Costs(NamedTuple):
    drains: dict[str, tuple[int, int]]
    """Lines and bytes on the wire of those that were sent most, by id."""
    bytes: int
    """Of all drains."""


def costliest(rows: Iterable[Row]) -> Costs:
    lines, sizes = _lines_and_bytes(rows, "drains")
    named = [of for of, _ in sizes.most_common(TALKERS + 1) if of != OTHER]
    return Costs({of: (lines[of], sizes[of]) for of in named[:TALKERS]}, sizes.total())


class Silent(NamedTuple):
    """A topic that nobody writes to any more."""

    topic: str
    a_minute: float
    """Records that there were, over the last day."""


def silent(
    day: Sequence[Row], minutes: Iterable[Row], now: datetime, read: Container[str]
) -> list[Silent]:
    """`day`: its hours; `minutes`: the last ones; `read`: topics that workers read. Nothing is said
    where nobody has looked."""
    heard: set[str] = set()
    looked: set[datetime] = set()
    for row in minutes:
        if row.begins_at >= now - SILENT - MINUTE:
            looked.add(row.begins_at)
            heard.update(row.talkers.get("topics", {}))
    if len(looked) < SILENT / MINUTE or OTHER in heard:
        return []
    records = _records(day)
    over = math.ceil(timedelta(days=1) / MINUTE)
    loud = {topic: n / over for topic, n in records.items() if n / over >= LOUD_A_MINUTE}
    return [Silent(of, rate) for of, rate in loud.items() if of in read and of not in heard]


def _lines_and_bytes(rows: Iterable[Row], kind: str) -> tuple[Counter[str], Counter[str]]:
    """Of each owner (`apps`), or of each drain (`drains`)."""
    lines: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for row in rows:
        for of, (count, size) in row.talkers.get(kind, {}).items():
            lines[of] += count
            sizes[of] += size
    return lines, sizes


def _records(rows: Iterable[Row]) -> Counter[str]:
    """Of each topic."""
    records: Counter[str] = Counter()
    for row in rows:
        records.update(row.talkers.get("topics", {}))
    return records

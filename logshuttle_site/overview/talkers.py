"""Minute and hour rows of workers → who writes most, what costs most, what fell silent."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from logshuttle_site.overview.rollups import MINUTE, Row

OTHER = "other"
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
    lines: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for row in rows:
        for owner, (count, size) in row.talkers.get("apps", {}).items():
            lines[owner] += count
            sizes[owner] += size
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
    records: Counter[str] = Counter()
    for row in rows:
        records.update(row.talkers.get("topics", {}))
    whole = records.total()
    named = [(topic, n) for topic, n in records.most_common(TOPICS + 1) if topic != OTHER]
    return [LoudTopic(topic, n, n / whole) for topic, n in named[:TOPICS]]


class Costs(NamedTuple):
    drains: dict[str, tuple[int, int]]
    """Lines and bytes on the wire of those that were sent most, by id."""
    bytes: int
    """Of all drains."""


def costliest(rows: Iterable[Row]) -> Costs:
    lines: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for row in rows:
        for drain_id, (count, size) in row.talkers.get("drains", {}).items():
            lines[drain_id] += count
            sizes[drain_id] += size
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
    records: Counter[str] = Counter()
    for row in day:
        records.update(row.talkers.get("topics", {}))
    over = math.ceil(timedelta(days=1) / MINUTE)
    loud = {topic: n / over for topic, n in records.items() if n / over >= LOUD_A_MINUTE}
    return [Silent(of, rate) for of, rate in loud.items() if of in read and of not in heard]

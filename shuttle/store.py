"""What a worker asks of the database, as plain values. `cursors.py` answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from drains.routes import RouteTable
from events.records import TopicPartition

Cursors = dict[str, dict[TopicPartition, int]]
"""By drain id: the offset from which each has to go on, in the partitions it is behind in."""


class StoreError(Exception):
    """The database could not be asked; asking again later may help."""


class CursorChange(NamedTuple):
    """What differs from the rows of one drain: rows to write, rows to take away."""

    drain_id: str
    rows: Mapping[TopicPartition, int]
    gone: Sequence[TopicPartition]


class FeedStatus(NamedTuple):
    """What a worker says of one drain. Times are epoch seconds."""

    drain_id: str
    state: str
    last_error: str
    last_error_at: float | None
    last_delivery_at: float | None


class Store(Protocol):
    """Every call may take seconds, and may raise StoreError. Called from one thread."""

    def route_version(self) -> int: ...

    def routes(self) -> RouteTable: ...

    def cursors(self, sources: Iterable[TopicPartition]) -> Cursors: ...

    def write(self, changes: Sequence[CursorChange]) -> None:
        """All or nothing. A drain deleted meanwhile drops out and does not fail the others."""

    def publish(self, worker: str, statuses: Sequence[FeedStatus]) -> None:
        """In place of what the worker said before."""

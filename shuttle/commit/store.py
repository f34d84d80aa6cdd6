"""What a worker asks of the database, as plain values. `database_store.py` answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol

from drains.routes import RouteChanges, RouteMark
from events.database_faults import DatabaseFault
from events.kafka import cluster
from events.kafka.records import TopicPartition
from shuttle.feed.stored_rows import StoredCursor


class StoreError(Exception):
    """The database could not be asked; asking again later may help. Its text says why, `fault` what
    that says of the database, if anything."""

    def __init__(self, said: str, fault: DatabaseFault | None = None) -> None:
        super().__init__(said)
        self.fault = fault


Cursors = dict[str, dict[TopicPartition, StoredCursor]]
"""By drain id: from where each has to go on."""


class CursorChange(NamedTuple):
    """What differs from the rows of one drain: rows to write, rows to take away."""

    drain_id: str
    cursor_version: int
    """The drain's, when its rows were last read."""
    rows: Mapping[TopicPartition, int]
    gone: Sequence[TopicPartition]


class Claim(NamedTuple):
    """Whose a partition is: who writes cursors of it under an older claim is too late."""

    token: str
    topic_id: str
    """Of the log that the cursors are offsets of; empty when that is unknown."""


class TakenOver(NamedTuple):
    cursors: Cursors
    outdated: Mapping[str, Sequence[TopicPartition]]
    """By drain id: where it was behind in logs that are no more."""
    offsets: Mapping[TopicPartition, int]
    """How far the group had got, where that was written down."""
    tries: Mapping[TopicPartition, int] = MappingProxyType({})
    """So many, this one too, have taken it over one after the other without holding it."""
    deadly: Mapping[TopicPartition, Collection[int]] = MappingProxyType({})
    """Offsets of records that take workers down."""


class Tries(IntEnum):
    """What stands for those who have taken a partition over, when one says something of itself."""

    GIVEN_BACK = 0
    """It has ended in order, or had to let it go."""
    HELD = 1
    """It has had it for a while."""
    FELL = 2
    """Something ended it: another one is to look at the records first."""


class Refused(NamedTuple):
    """What was not written, as somebody else has written since."""

    partitions: frozenset[TopicPartition] = frozenset()
    """Those that are another worker's by now."""
    drains: frozenset[str] = frozenset()
    """Those of which the cursors are to be read again."""


class FeedStatus(NamedTuple):
    """What a worker says of one drain. Times are epoch seconds."""

    drain_id: str
    state: str
    """Empty when the worker ends, and has no say in it any more."""
    last_error: str
    last_error_at: float | None
    last_delivery_at: float | None
    next_try_at: float | None = None
    """When its receiver is dialled next, where that is waited for."""
    certificate_ends_at: float | None = None
    """The receiver's, as it was shown last."""
    lag_messages: int = 0
    """Lines that are not confirmed."""
    lag_is_estimate: bool = False
    """There are more, which nobody has counted."""
    lag_seconds: float = 0.0
    """Age of the oldest of them."""
    lines_sent: int = 0
    """This and the next ones: in all that it has had this name; of a feed, since that was made."""
    bytes_sent: int = 0
    lines_lost: int = 0
    lines_cut: int = 0
    lines_before: int = 0
    """Sent or lost, of those: before this run."""
    lines_lately: int = 0
    """Sent in the last hour."""
    sent_by_minute: str | None = None
    """As drains/rates.py has it, as the next; None: as they were written last."""
    sent_by_quarter: str | None = None


class Told(NamedTuple):
    """What stands in a row, and when that was written, in epoch seconds."""

    status: FeedStatus
    at: float


class Place(NamedTuple):
    """Where a worker runs."""

    host: str
    slot: int
    """Which of several on that host, if no other that lives has it."""
    process: int


class Speaker(NamedTuple):
    """Who says something of drains (see drains.models.Heartbeat)."""

    name: str
    run: str


class WorkerNote(NamedTuple):
    """What a worker says of itself (see shuttle/models.py). Times are epoch seconds."""

    name: str
    host: str
    version: str
    started_at: float
    has_ended: bool = False
    partitions: int = 0
    consumer_lag: int = 0
    lines_in: float = 0.0
    lines_out: float = 0.0
    cpu: float = 0.0
    memory_bytes: int = 0
    retention_ms: Mapping[str, int | None] = MappingProxyType({})
    """By topic."""
    assignment: Mapping[str, tuple[str, int]] | None = None
    """By topic: its partitions, of how many; None: that is not known."""
    assigned_since: float | None = None
    open_files_max: int | None = None
    local_ports: int | None = None


Span = Literal["minute", "hour"]


class RollupNote(NamedTuple):
    """What went through it in one of these."""

    span: Span
    begins_at: float
    figures: Mapping[str, Any]
    talkers: Mapping[str, Any]


class SampleNote(NamedTuple):
    """A record that was no line."""

    topic: str
    partition: int
    offset: int
    reason: str
    begins: str


class Figures(NamedTuple):
    worker: WorkerNote
    rollups: Sequence[RollupNote] = ()
    samples: Sequence[SampleNote] = ()


class Store(Protocol):
    """Every call may take seconds, and may raise StoreError. Called from one thread."""

    def installation(self) -> str:
        """The id of the one installation that this database is of."""

    def route_mark(self) -> RouteMark:
        """Another one than before means that drains have changed."""

    def route_changes(self, since: RouteMark | None) -> RouteChanges:
        """What has changed after this; all routes for None, and where that is not known."""

    def cursors_of(self, drain_ids: Collection[str]) -> Cursors:
        """All rows of these drains."""

    def write_start(self, drain_id: str, begin: Sequence[cluster.Span]) -> None:
        """The first rows of a drain, from where these begin, unless somebody was quicker."""

    def take_over(self, partitions: Mapping[TopicPartition, Claim]) -> TakenOver:
        """Claim partitions, and read who is behind in them. Rows of other logs are taken away."""

    def write(
        self,
        changes: Sequence[CursorChange],
        offsets: Mapping[TopicPartition, int],
        claims: Mapping[TopicPartition, Claim],
    ) -> Refused:
        """Rows, and how far the group has got; only where a claim still holds.

        All or nothing otherwise. A drain deleted meanwhile drops out and does not fail the others.
        """

    def set_tries(self, claims: Mapping[TopicPartition, Claim], tries: Tries) -> None:
        """Where a claim still holds."""

    def leave_out(self, partition: TopicPartition, offset: int, claim: Claim) -> None:
        """From now on nobody reads this record, if the claim still holds. The newest are kept."""

    def take_name(self, place: Place, run: str, *, is_start: bool = True) -> Speaker:
        """One that no worker has that lives: its place's, if it can be. `is_start`: who had it on
        this host may have died without a word."""

    def beat(self, speaker: Speaker, *, has_ended: bool = False) -> bool:
        """It lives. False: its name is another one's."""

    def told(self, speaker: Speaker, drain_ids: Collection[str]) -> Mapping[str, Told]:
        """What has been said of these under its name, in whichever run."""

    def publish(self, speaker: Speaker, statuses: Sequence[FeedStatus]) -> bool:
        """In place of what was said under its name before; it is a beat too. False: its name is
        another one's, and some may not be written. A drain that is deleted drops out."""

    def put_right(self) -> bool:
        """States that are the word of workers which are gone, and what those of long ago have left:
        some of it. Whether more is left."""

    def write_figures(self, figures: Figures) -> None:
        """In place of what the worker said before; a rollup of one of the same minute or hour."""

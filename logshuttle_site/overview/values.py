"""What an operator's first page says, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from drains.models import DrainEvent
from drains.states import State
from logshuttle_site.overview.rollups import Series, Sums
from logshuttle_site.overview.talkers import LoudTopic, Silent, Talker


class WorkerFigures(NamedTuple):
    name: str
    host: str
    version: str
    started_at: datetime
    reported_at: datetime
    state: str
    """working, gone, or ended."""
    partitions: int
    consumer_lag: int
    lines_in: float | None
    """A second, as the next two; None of one that is not working."""
    lines_out: float | None
    cpu: float | None
    memory_bytes: int | None


class Cause(NamedTuple):
    """Why drains fail: one receiver, one reason."""

    host: str
    port: int
    why: str
    drains: int
    owners: int
    since: datetime | None
    behind: int
    next_try_at: datetime | None

    @property
    def receiver(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if host else "a receiver that cannot be read"


class Waiting(NamedTuple):
    """A drain whose lines wait in Kafka."""

    drain_id: str
    owner: str
    seconds: float
    """Age of the oldest."""
    seconds_left: float | None
    """Until Kafka has it no more; None: nobody knows."""

    @property
    def kept(self) -> float:
        """Seconds that Kafka keeps it, where that is known."""
        return self.seconds + (self.seconds_left or 0.0)

    @property
    def is_late(self) -> bool:
        """More than half of the time is over for which Kafka keeps it."""
        return self.seconds_left is not None and self.seconds > self.seconds_left


class CostlyDrain(NamedTuple):
    """One that much is sent to."""

    drain_id: str
    owner: str
    address: str
    """Its URL without secrets."""
    lines: int
    bytes: int
    """On the wire, those that were sent again too."""
    share: float
    """Of the bytes of all drains."""


class OwnerlessPartitions(NamedTuple):
    """Of one topic: no worker reads them."""

    topic: str
    partitions: str
    """Such as 0-3,7."""
    count: int  # type: ignore[assignment]  # that of tuples is nobody's business


class Shortage(NamedTuple):
    """Of what a worker's connections need: there are more drains than it has of that."""

    what: str
    """open files, or local ports."""
    host: str
    """The worker's."""
    has: int
    needs: int
    receiver: str = ""
    """Of local ports: those to this one."""


class ExpiringCertificate(NamedTuple):
    """One that ends soon, or has: the same receiver's, and the same moment."""

    whose: str
    """client: what drains show it; receiver: what it shows them."""
    host: str
    port: int
    ends_at: datetime
    drains: int
    owner: str
    """Of one of them."""


class MalformedKind(NamedTuple):
    reason: str
    topic: str
    samples: int
    last_seen_at: datetime
    count: int | None = None  # type: ignore[assignment]  # that of tuples is nobody's business
    """Of its reason, in 24 hours; None: nobody has told of them."""


@dataclass(frozen=True, slots=True)
class Overview:
    now: datetime
    workers: list[WorkerFigures]
    is_silent: bool
    """No worker says anything."""
    drains: dict[State, int]
    behind_lines: int | None
    """Of those that workers speak of; None: none does, as for the next one."""
    behind_drains: int | None
    causes: list[Cause]
    """Those of most drains, longest first."""
    waiting: list[Waiting]
    """The oldest first."""
    minute: Sums | None
    """The last whole one that anybody has told of, if it is fresh."""
    received_lately: int | None
    """Records in the last five minutes; None: nobody has told of all of them."""
    day: Sums | None
    """The last 24 hours; None: nobody has told of them."""
    series: Series
    talkers: list[Talker]
    talkers_day: list[Talker]
    topics_day: list[LoudTopic]
    silent: list[Silent]
    events: list[DrainEvent]
    malformed: list[MalformedKind]
    retention_seconds: float | None
    """The shortest that is known, of topics that workers read."""
    certificates: list[ExpiringCertificate] = field(default_factory=list)
    """Those that end within 30 days, the soonest first."""
    costliest: list[CostlyDrain] = field(default_factory=list)
    """Over 24 hours, the costliest first."""
    tails: int | None = None
    """That are open now; None: no web process has told."""
    tail_sessions: int | None = None
    """Of so many sessions."""
    tail_lines: dict[str, int] | None = None
    """That went to them in 24 hours, by kind of output."""
    ownerless: list[OwnerlessPartitions] = field(default_factory=list)
    """Of topics that workers read, once no worker's partitions have changed for 30 s."""
    shortages: list[Shortage] = field(default_factory=list)

    @property
    def working(self) -> list[WorkerFigures]:
        return [worker for worker in self.workers if worker.state == "working"]

    @property
    def total(self) -> int:
        return sum(self.drains.values())

    @property
    def first_loss(self) -> Waiting | None:
        """Whose lines Kafka will lose first, as far as is known."""
        known = [each for each in self.waiting if each.seconds_left is not None]
        return min(known, key=lambda each: each.seconds_left or 0.0, default=None)

    @property
    def soon_lost(self) -> Waiting | None:
        """The same, once more than half of the time is over for which Kafka keeps them."""
        return next(iter(self.losing), None)

    @property
    def losing(self) -> list[Waiting]:
        """All of which that is true, the first loss first."""
        late = [each for each in self.waiting if each.is_late]
        return sorted(late, key=lambda each: each.seconds_left or 0.0)

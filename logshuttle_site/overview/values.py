"""What an operator's first page says, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from drains.models import DrainEvent
from drains.states import State
from logshuttle_site.overview.rollups import Series, Silent, Sums, Talker


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


class MalformedKind(NamedTuple):
    reason: str
    topic: str
    samples: int
    last_seen_at: datetime


class ExpiringCertificate(NamedTuple):
    """One that ends within 30 days."""

    whose: str
    """receiver, or client: a drain's own."""
    host: str
    port: int
    ends_at: datetime
    drains: int
    owner: str
    """Of one of them."""


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
    silent: list[Silent]
    events: list[DrainEvent]
    malformed: list[MalformedKind]
    retention_seconds: float | None
    """The shortest that is known, of topics that workers read."""
    certificates: list[ExpiringCertificate] = field(default_factory=list)

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
        loss = self.first_loss
        return loss if loss is not None and loss.seconds > (loss.seconds_left or 0.0) else None

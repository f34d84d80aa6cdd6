"""How a worker is doing, at one moment: for probes and metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shuttle.feed.delay_histogram import DelayHistogram


class DrainLag(NamedTuple):
    """How far behind one drain is."""

    lag_messages: int
    lag_seconds: float
    drain_id: str
    lines_sent: int


class FurthestBehind:
    """The drains that are furthest behind of all it was told of, and the rest as one."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._furthest: list[DrainLag] = []
        self._rest = DrainLag(0, 0.0, "other", 0)
        self._has_rest = False

    def add(self, drains: Iterable[DrainLag]) -> None:
        ordered = sorted(
            [*self._furthest, *drains],
            key=lambda of: (-of.lag_messages, -of.lag_seconds, of.drain_id),
        )
        self._furthest, others = ordered[: self._at_most], ordered[self._at_most :]
        if others:
            others.append(self._rest)
            self._rest = DrainLag(
                sum(of.lag_messages for of in others),
                max(of.lag_seconds for of in others),
                self._rest.drain_id,
                sum(of.lines_sent for of in others),
            )
            self._has_rest = True

    def shown(self) -> list[DrainLag]:
        """The furthest behind first; all others last, as one of the name `other`."""
        return [*self._furthest, *([self._rest] if self._has_rest else [])]


@dataclass(frozen=True, slots=True)
class WorkerReport:
    partitions: int
    loop_lag_seconds: float
    records_received: Mapping[str, int]
    """By source."""
    lines_delivered: Mapping[str, int]
    """By the drain's scheme."""
    lines_in_flight: int
    """Handed over, not yet confirmed."""
    delays: DelayHistogram
    consumer_lag: int
    """Records that Kafka has and the live pass has not."""
    outbox_bytes: int
    lines_lost: Mapping[str, int]
    """By reason (loss_notices.py)."""
    lines_cut: int
    """Of all drains together."""
    receiver_floods: int
    """Of all drains together: connections that ended of what the receiver had to say."""
    filters_cpu_seconds: float
    filters_too_slow: int
    """How often the live pass has gone on without a drain for its filter's sake."""
    malformed: Mapping[str, int]
    """Records that were no log line, by reason."""
    partial: int
    """Half lines of containers."""
    drains: Mapping[str, int]
    """How many drains are in each state."""
    drains_unreadable: int
    """Of those, how many wait as their rows cannot be read here."""
    furthest: Sequence[DrainLag]
    """Some drains, those that are furthest behind first, then the rest as one."""
    rollups_cpu_seconds: float
    """What figures for operators have cost (rollups.py)."""

"""How a worker is doing, at one moment: for probes and metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shuttle.commit.store import FeedStatus
from shuttle.feed.delay_histogram import DelayHistogram

LOOP_LAG_LIMIT_SECONDS = 5.0
POLL_AGE_LIMIT_SECONDS = 30.0


def furthest_behind(drains: Iterable[FeedStatus], at_most: int) -> list[FeedStatus]:
    """So many, and all others as one of the name `other`."""
    ordered = sorted(drains, key=lambda of: (-of.lag_messages, -of.lag_seconds, of.drain_id))
    rest = ordered[at_most:]
    shown = ordered[:at_most]
    if rest:
        other = FeedStatus(
            "other",
            "",
            "",
            None,
            None,
            lag_messages=sum(of.lag_messages for of in rest),
            lag_seconds=max(of.lag_seconds for of in rest),
            lines_sent=sum(of.lines_sent for of in rest),
        )
        shown.append(other)
    return shown


@dataclass(frozen=True, slots=True)
class WorkerReport:
    partitions: int
    subscribed: frozenset[str]
    """Topics; empty while routes are still unknown."""
    poll_age_seconds: float
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
    malformed: Mapping[str, int]
    """Records that were no log line, by reason."""
    partial: int
    """Half lines of containers."""
    drains: Mapping[str, int]
    """How many drains are in each state."""
    drains_unreadable: int
    """Of those, how many wait as their rows cannot be read here."""
    furthest: Sequence[FeedStatus]
    """Some drains, those that are furthest behind first, then the rest as one."""
    rollups_cpu_seconds: float = 0.0
    """What figures for operators have cost (rollups.py)."""

    def checks(self, topics_there: frozenset[str] | None) -> dict[str, bool]:
        """What readiness hangs on; never on a receiver, and all hold while Kafka answers.

        `topics_there`: the cluster's topics, None when no broker answers.
        """
        nothing_there = topics_there is not None and self.subscribed.isdisjoint(topics_there)
        return {
            "routes": bool(self.subscribed),
            "assignment": bool(self.partitions) or nothing_there,
            "poll": self.poll_age_seconds < POLL_AGE_LIMIT_SECONDS,
            "loop": self.loop_lag_seconds < LOOP_LAG_LIMIT_SECONDS,
            "kafka": topics_there is not None,
        }

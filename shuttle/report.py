"""How a worker is doing, at one moment: for probes and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LOOP_LAG_LIMIT_SECONDS = 5.0
POLL_AGE_LIMIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class WorkerReport:
    partitions: int
    subscribed: frozenset[str]
    """Topics; empty while routes are still unknown."""
    poll_age_seconds: float
    loop_lag_seconds: float
    records_received: int
    lines_delivered: int
    lines_lost: Mapping[str, int]
    """By reason (notices)."""
    malformed: Mapping[str, int]
    """Records that were no log line, by reason."""
    drains: Mapping[str, int]
    """How many drains are in each state."""

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

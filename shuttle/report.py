"""How a worker is doing, at one moment: for probes and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LOOP_LAG_LIMIT_SECONDS = 5.0
POLL_AGE_LIMIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class WorkerReport:
    partitions: int
    wants_partitions: bool
    """Whether a topic is subscribed to, or routes are still unknown: then it is not ready without
    a partition."""
    poll_age_seconds: float
    loop_lag_seconds: float
    records_received: int
    lines_delivered: int
    malformed: Mapping[str, int]
    """Records that were no log line, by reason."""
    drains: Mapping[str, int]
    """How many drains are in each state."""

    @property
    def checks(self) -> dict[str, bool]:
        """What readiness hangs on; never on a receiver, and all hold while Kafka answers."""
        return {
            "assignment": bool(self.partitions) or not self.wants_partitions,
            "poll": self.poll_age_seconds < POLL_AGE_LIMIT_SECONDS,
            "loop": self.loop_lag_seconds < LOOP_LAG_LIMIT_SECONDS,
        }

"""How a worker is doing, at one moment: for probes and metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shuttle.feed.delay_histogram import DelayHistogram
from shuttle.feed.feed import Feed

LOOP_LAG_LIMIT_SECONDS = 5.0
POLL_AGE_LIMIT_SECONDS = 30.0


class DrainFigures(NamedTuple):
    drain: str
    lag_lines: int
    lag_seconds: float
    lines_delivered: int


def furthest_behind(drains: Iterable[DrainFigures], at_most: int) -> list[DrainFigures]:
    """So many, and all others as one of the name `other`."""
    ordered = sorted(drains, key=lambda of: (-of.lag_lines, -of.lag_seconds, of.drain))
    rest = ordered[at_most:]
    shown = ordered[:at_most]
    if rest:
        lag, delivered = sum(d.lag_lines for d in rest), sum(d.lines_delivered for d in rest)
        shown.append(DrainFigures("other", lag, max(d.lag_seconds for d in rest), delivered))
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
    furthest: Sequence[DrainFigures]
    """Some drains, those that are furthest behind first, then the rest as one."""

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


def figures_of(feeds: Iterable[Feed]) -> Iterator[DrainFigures]:
    for feed in feeds:
        yield DrainFigures(
            feed.route.drain_id,
            feed.gaps.lag_lines,
            lag_seconds_of(feed),
            feed.stats.lines_confirmed,
        )


def lag_seconds_of(feed: Feed) -> float:
    """Age of the oldest line that its receiver lacks; 0 when it lacks none."""
    since = feed.gaps.since
    if since is not None:
        return max(feed.context.wall_clock() - since, 0.0)
    oldest = feed.outbound.delivery.oldest
    return feed.context.clock() - oldest.since if oldest else 0.0


def lines_in_flight(feeds: Iterable[Feed]) -> int:
    """Handed over, not yet confirmed."""
    return sum(write.lines for feed in feeds for write in feed.outbound.delivery.unconfirmed())

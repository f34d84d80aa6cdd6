"""Metrics of log sessions, each with a sentence on what a reader should do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from events.process.metrics import counters_by
from sessions_app.tail.tails import Tails

BOUNDS_MET: Counter[str] = Counter()
"""In this process, by reason."""


class TailsCollector(Collector):
    """`tails`: those of this process, when it is asked."""

    def __init__(self, tails: Callable[[], Sequence[Tails]]) -> None:
        self._tails = tails

    def collect(self) -> Iterator[Metric]:
        tails = self._tails()
        viewers = sum((each.viewers() for each in tails), Counter[str]())
        yield GaugeMetricFamily(
            "logshuttle_tail_viewers",
            "Readers of log sessions; each costs CPU for each of its lines.",
            value=viewers.total(),
        )
        yield GaugeMetricFamily(
            "logshuttle_tail_sessions",
            "Log sessions that somebody reads.",
            value=len(viewers),
        )
        yield counters_by(
            "output",
            "logshuttle_tail_lines",
            "Lines that went to readers; flat while there are readers and lines means they hang.",
            sum((Counter(dict(each.lines)) for each in tails), Counter[str]()),
        )
        yield from _hubs(tails)
        yield counters_by(
            "reason",
            "logshuttle_tail_bounds_met",
            "Readers of log sessions who got less than they asked for; see whose they are when it "
            "grows.",
            BOUNDS_MET,
        )


def _hubs(tails: Sequence[Tails]) -> Iterator[Metric]:
    hubs = [each.shared.hub for each in tails]
    yield GaugeMetricFamily(
        "logshuttle_tail_hub_partitions",
        "Partitions that are read for all readers together; 0 with readers means Kafka is away.",
        value=sum(hub.partitions for hub in hubs),
    )
    yield CounterMetricFamily(
        "logshuttle_tail_hub_batches",
        "Batches of records that were read for them; flat while producers write means it hangs.",
        value=sum(hub.batches for hub in hubs),
    )
    yield GaugeMetricFamily(
        "logshuttle_tail_hub_away",
        "1 while Kafka does not answer it; readers are told, and their lines come late.",
        value=float(any(hub.away for hub in hubs)),
    )

"""The worker's metrics, each with a sentence on what a reader should do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shuttle.notices import METRIC_REASONS
from shuttle.report import WorkerReport


class _WorkerCollector(Collector):
    """Reads the report at each scrape: nothing is counted twice, nothing on the hot path."""

    def __init__(self, report: Callable[[], WorkerReport]) -> None:
        self._report = report

    def collect(self) -> Iterator[Metric]:
        report = self._report()
        yield CounterMetricFamily(
            "logshuttle_records_received",
            "Records taken from Kafka; flat while producers write means the worker hangs.",
            value=report.records_received,
        )
        yield CounterMetricFamily(
            "logshuttle_lines_delivered",
            "Lines that receivers have confirmed; compare its rate with what is received.",
            value=report.lines_delivered,
        )
        dropped = CounterMetricFamily(
            "logshuttle_lines_dropped",
            "Lines that drains will never get; refused is the owner's to look at, source_expired"
            " means Kafka's retention is shorter than an outage.",
            labels=["reason"],
        )
        for text, reason in METRIC_REASONS.items():
            dropped.add_metric([reason], report.lines_lost.get(text, 0))
        yield dropped
        malformed = CounterMetricFamily(
            "logshuttle_records_malformed",
            "Records that were no log line; look at what writes to Kafka when it grows.",
            labels=["reason"],
        )
        for reason, count in report.malformed.items():
            malformed.add_metric([reason], count)
        yield malformed
        drains = GaugeMetricFamily(
            "logshuttle_drains",
            "Drains by state; many failing at once is rather our network than theirs.",
            labels=["state"],
        )
        for state, count in report.drains.items():
            drains.add_metric([state], count)
        yield drains
        yield GaugeMetricFamily(
            "logshuttle_partitions_assigned",
            "Partitions this worker has; none on all workers means Kafka is away.",
            value=report.partitions,
        )
        yield GaugeMetricFamily(
            "logshuttle_loop_lag_seconds",
            "How late the event loop is; above one second the worker has too little CPU.",
            value=report.loop_lag_seconds,
        )


def registry_of(report: Callable[[], WorkerReport]) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_WorkerCollector(report))
    return registry

"""The worker's metrics, each with a sentence on what a reader should do."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from events.process.metrics import counters_by, gauges_by
from shuttle.feed.loss_notices import METRIC_REASONS
from shuttle.worker.report import DrainLag, WorkerReport


class WorkerMetrics(Collector):
    """Of one report, which each scrape has made: nothing is counted twice, nothing on the hot
    path."""

    def __init__(self, report: WorkerReport) -> None:
        self._report = report

    def collect(self) -> Iterator[Metric]:
        report = self._report
        yield counters_by(
            "source",
            "logshuttle_lines_received",
            "Records taken from Kafka; flat while producers write means the worker hangs.",
            report.records_received,
        )
        yield counters_by(
            "scheme",
            "logshuttle_lines_delivered",
            "Lines that receivers have confirmed; compare its rate with what is received.",
            report.lines_delivered,
        )
        yield counters_by(
            "reason",
            "logshuttle_lines_dropped",
            "Lines that drains will never get; refused is the owner's to look at, source_expired"
            " means Kafka's retention is shorter than an outage.",
            {name: report.lines_lost.get(text, 0) for text, name in METRIC_REASONS.items()},
        )
        yield CounterMetricFamily(
            "logshuttle_lines_cut",
            "Lines too long to be sent whole; drains say which, and their owners why they are.",
            value=report.lines_cut,
        )
        yield from _of_cpu(report)
        yield from _of_records(report)
        yield from _of_receivers(report)
        yield from self._gauges(report)
        yield from _of_drains(report.furthest)

    def _gauges(self, report: WorkerReport) -> Iterator[Metric]:
        yield gauges_by(
            "state",
            "logshuttle_drains",
            "Drains by state; many failing at once is rather our network than theirs.",
            report.drains,
        )
        plain = {
            "logshuttle_drains_unreadable": (
                "Drains whose URL or options this worker cannot read, so that their lines wait;"
                " look for its key in FIELD_ENCRYPTION_KEYS.",
                report.drains_unreadable,
            ),
            "logshuttle_lines_in_flight": (
                "Lines handed over and not confirmed; near the outboxes' end nothing is read.",
                report.lines_in_flight,
            ),
            "logshuttle_outbox_bytes": (
                "Bytes that no kernel has taken yet; above 96 MiB the fullest drains fall behind.",
                report.outbox_bytes,
            ),
            "logshuttle_consumer_lag_messages": (
                "Records the live pass has still to read; growing means more workers are needed.",
                report.consumer_lag,
            ),
            "logshuttle_partitions_assigned": (
                "Partitions this worker has; none on all workers means Kafka is away.",
                report.partitions,
            ),
            "logshuttle_loop_lag_seconds": (
                "How late the event loop is; above one second the worker has too little CPU.",
                report.loop_lag_seconds,
            ),
        }
        for name, (says, value) in plain.items():
            yield GaugeMetricFamily(name, says, value=value)
        build = {platform.python_version(): 1}
        yield gauges_by("python", "logshuttle_build_info", "Which Python this runs on.", build)


def _of_cpu(report: WorkerReport) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "logshuttle_rollups_cpu_seconds",
        "CPU that figures for the admin have cost; above 0.01 a second, tell us.",
        value=report.rollups_cpu_seconds,
    )
    yield CounterMetricFamily(
        "logshuttle_filters_cpu_seconds",
        "CPU that patterns of drains have cost; an app's or a site's may cost 0.02 a second.",
        value=report.filters_cpu_seconds,
    )
    yield CounterMetricFamily(
        "logshuttle_filters_too_slow",
        "Times that a drain fell behind as its owner's patterns cost more; drains say which.",
        value=report.filters_too_slow,
    )


def _of_records(report: WorkerReport) -> Iterator[Metric]:
    yield counters_by(
        "reason",
        "logshuttle_records_malformed",
        "Records that were no log line; look at what writes to Kafka when it grows.",
        report.malformed,
    )
    yield CounterMetricFamily(
        "logshuttle_partial_records",
        "Half lines of containers, not joined; growing means apps write lines above 16 KiB.",
        value=report.partial,
    )


def _of_receivers(report: WorkerReport) -> Iterator[Metric]:
    yield HistogramMetricFamily(
        "logshuttle_delivery_delay_seconds",
        "From Kafka's time of a line to its confirmation; all slow is ours, some are theirs.",
        buckets=report.delays.buckets,
        sum_value=report.delays.sum_seconds,
    )
    yield CounterMetricFamily(
        "logshuttle_receiver_floods",
        "Connections ended as their receivers flood us; drains say which: ask their owners.",
        value=report.receiver_floods,
    )


def _of_drains(drains: Sequence[DrainLag]) -> Iterator[Metric]:
    yield gauges_by(
        "drain",
        "logshuttle_drain_lag_messages",
        "Lines of a drain that are not confirmed; growing means its receiver is too slow.",
        {of.drain_id: of.lag_messages for of in drains},
    )
    yield gauges_by(
        "drain",
        "logshuttle_drain_lag_seconds",
        "Age of the oldest of them; near Kafka's retention it will lose lines.",
        {of.drain_id: of.lag_seconds for of in drains},
    )
    yield counters_by(
        "drain",
        "logshuttle_drain_lines_delivered",
        "Lines a drain has confirmed.",
        {of.drain_id: of.lines_sent for of in drains},
    )

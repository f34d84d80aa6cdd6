"""Metrics that every process of ours has, each with a sentence on what a reader should do."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from events.process.queued_stderr import STDERR


class ProcessCollector(Collector):
    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(
            "logshuttle_log_lines_dropped",
            "Lines of our own log that nobody read; look at what collects it when it grows.",
            value=STDERR.dropped_lines,
        )

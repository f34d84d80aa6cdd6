"""Metrics that every process of ours has, each with a sentence on what a reader should do; and how
those with a label are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from events.kafka.client import COMPLAINTS
from events.process.queued_stderr import STDERR


class ProcessCollector(Collector):
    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(
            "logshuttle_log_lines_dropped",
            "Lines of our own log that nobody read; look at what collects it when it grows.",
            value=STDERR.dropped_lines,
        )
        yield GaugeMetricFamily(
            "logshuttle_kafka_unusable_seconds",
            "For so long no broker of Kafka has been of use; the log says why while it is not 0.",
            value=COMPLAINTS.unusable_seconds,
        )


def counters_by(label: str, name: str, says: str, values: Mapping[str, float]) -> Metric:
    """`values`: by what the label says. They may change meanwhile, in another thread."""
    family = CounterMetricFamily(name, says, labels=[label])
    for of, value in dict(values).items():
        family.add_metric([of], value)
    return family


def gauges_by(label: str, name: str, says: str, values: Mapping[str, float]) -> Metric:
    """As `counters_by`."""
    family = GaugeMetricFamily(name, says, labels=[label])
    for of, value in dict(values).items():
        family.add_metric([of], value)
    return family

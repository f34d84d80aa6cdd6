"""What became of the audit's lines on their way to Kafka."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from logshuttle_site.audit.topic import tally


class AuditCollector(Collector):
    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(
            "logshuttle_audit_lines_dropped",
            "Entries that AUDIT_TOPIC lacks; the database has them. If it grows, look at Kafka.",
            value=tally.dropped,
        )

"""Metrics of the Envoy receiver, each with a sentence on what a reader should do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from events.als.counts import AlsCounts
from events.process.metrics import counters_by, gauges_by


class _AlsCollector(Collector):
    """Reads the counts at each scrape. `waiting`: records that Kafka has not acknowledged."""

    def __init__(self, counts: AlsCounts, waiting: Callable[[], int]) -> None:
        self._counts = counts
        self._waiting = waiting

    def collect(self) -> Iterator[Metric]:
        counts = self._counts
        yield CounterMetricFamily(
            "logshuttle_als_messages",
            "Messages from Envoys; flat while there is traffic means none of them gets through.",
            value=counts.messages,
        )
        yield CounterMetricFamily(
            "logshuttle_als_entries_received",
            "Access log entries in these messages; compare with written, ignored and lost.",
            value=counts.received,
        )
        yield CounterMetricFamily(
            "logshuttle_als_entries_written",
            "Entries that Kafka has acknowledged; below received for long means Kafka is slow.",
            value=counts.written,
        )
        yield counters_by(
            "reason",
            "logshuttle_als_entries_ignored",
            "Entries of no app (no_app), no HTTP (tcp), too large, unreadable; look at new ones.",
            counts.ignored,
        )
        yield counters_by(
            "reason",
            "logshuttle_als_entries_lost",
            "Entries that Kafka never got, by its error; any is worth a look at Kafka.",
            counts.lost,
        )
        yield GaugeMetricFamily(
            "logshuttle_als_entries_waiting",
            "Entries on their way to Kafka; at the queue's end streams are no longer read.",
            value=self._waiting(),
        )
        yield from _of_streams(counts)


def registry_of(counts: AlsCounts, waiting: Callable[[], int]) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_AlsCollector(counts, waiting))
    return registry


def _of_streams(counts: AlsCounts) -> Iterator[Metric]:
    yield counters_by(
        "reason",
        "logshuttle_als_streams_refused",
        "Streams that were not taken, by the bound they met; raise it for an Envoy of yours.",
        counts.refused,
    )
    yield gauges_by(
        "node",
        "logshuttle_als_streams",
        "Open streams by Envoy node (100 of them, the rest is `other`); one that is missing"
        " sends nothing.",
        counts.streams,
    )

"""Metrics of the web's connections, each with a sentence on what a reader should do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from events.process.metrics import ProcessCollector, counters_by, gauges_by
from logshuttle_site.connections.census import Census
from logshuttle_site.connections.refusals import Refusals


class ConnectionsCollector(Collector):
    def __init__(self, census: Census, refusals: Refusals) -> None:
        self._census = census
        self._refusals = refusals

    def collect(self) -> Iterator[Metric]:
        waiting = self._census.waiting
        yield gauges_by(
            "state",
            "logshuttle_web_connections",
            "Those that wait for their client's next request, and those that are being answered.",
            {"waiting": waiting, "answered": self._census.connected - waiting},
        )
        yield GaugeMetricFamily(
            "logshuttle_web_body_bytes",
            "Bodies of requests that are not answered yet; at 16 MiB the oldest is refused.",
            value=self._census.bodies_bytes,
        )
        yield counters_by(
            "reason",
            "logshuttle_web_refused",
            "Refused before any application heard of it; see who it is in the log when it grows.",
            self._refusals.counts,
        )


@contextmanager
def serve_metrics(collectors: Iterable[Collector], host: str, port: int) -> Iterator[None]:
    """From a thread of its own; port 0: not at all. Raises OSError when the port is taken."""
    if port == 0:
        yield
        return
    registry = CollectorRegistry()
    for collector in (*collectors, ProcessCollector()):
        registry.register(collector)
    server, thread = start_http_server(port, host, registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""Metrics of the web's connections, each with a sentence on what a reader should do."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import ThreadingWSGIServer
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
def serve_metrics(
    collectors: Iterable[Collector], sockets: Iterable[socket.socket]
) -> Iterator[None]:
    """From threads of its own, on sockets that listen, which are closed then."""
    registry = CollectorRegistry()
    for collector in (*collectors, ProcessCollector()):
        registry.register(collector)
    with ExitStack() as stack:
        for listening in sockets:
            stack.enter_context(_serving(listening, registry))
        yield


@contextmanager
def _serving(listening: socket.socket, registry: CollectorRegistry) -> Iterator[None]:
    host, port = listening.getsockname()[:2]
    server = ThreadingWSGIServer((host, port), _Silent, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    server.server_name, server.server_port = host, port
    server.setup_environ()
    server.set_app(make_wsgi_app(registry))
    thread = Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Silent(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nobody wants a line for each."""

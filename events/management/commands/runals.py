"""`manage.py runals`: takes Envoy's access logs over gRPC and writes them to Kafka."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

from confluent_kafka import KafkaException
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from events.als.counts import AlsCounts
from events.als.metrics import registry_of
from events.als.server import AlsAddress, serve
from events.als.streams import AccessLogs
from events.als.tls import TlsFiles
from events.kafka.producer import Producer
from events.kafka.watch import KafkaWatch
from events.process.listening import ListenError, listen
from events.process.probes import OwnAnswers, always, serve_probes
from events.process.signals import stop_on_signals

logger = logging.getLogger(__name__)

STREAMS = 2000
LINGER_MS = "50"
"""Envoy holds entries back for a second by itself; with 5, as requests of REST want it, batches
are so small that they cost as much as a third of the rest."""


class Command(BaseCommand):
    help = "Take Envoy's access logs (gRPC, v2 and v3) to Kafka, until SIGTERM or SIGINT."
    requires_system_checks = ["logshuttle"]

    def add_arguments(self, parser: CommandParser) -> None:
        def add(name: str, default: Any, what: str) -> None:
            parser.add_argument(name, type=type(default), default=default, help=what)

        parser.add_argument(
            "--host",
            default=settings.LISTEN_HOST,
            help="address (default: all; in laptop mode those of this machine alone)",
        )
        add("--port", settings.ALS_PORT, "port (default: ALS_PORT)")
        add("--metrics-port", settings.ALS_METRICS_PORT, "of /livez, /readyz and /metrics; 0: none")
        add("--streams", STREAMS, f"streams at once, at most (default: {STREAMS})")
        peers = settings.ALS_STREAMS_PER_PEER
        add("--streams-per-peer", peers, "of one address (default: ALS_STREAMS_PER_PEER)")
        for field, default in settings.ALS_TLS._asdict().items():
            name = field.replace("_", "-")
            add(f"--tls-{name}", default, f"PEM file (default: ALS_TLS_{field.upper()})")

    def handle(self, *args: Any, **options: Any) -> None:
        tls = TlsFiles(*(options[f"tls_{field}"] for field in TlsFiles._fields))
        for field, fault in tls.faults():
            raise CommandError(f"--tls-{field.replace('_', '-')}: {fault}", returncode=2)
        streams = options["streams"], options["streams_per_peer"]
        address = AlsAddress(options["host"], options["port"], tls, *streams)
        port = options["metrics_port"]
        try:
            probes = listen(options["host"], port, "ALS_METRICS_PORT") if port else []
            asyncio.run(_run(address, probes))
        except KafkaException as error:
            raise CommandError(f"KAFKA_CONF_…: {error}", returncode=2) from error
        except ListenError as error:
            raise CommandError(str(error)) from error


async def _run(address: AlsAddress, probes: list[socket.socket]) -> None:
    counts, stop = AlsCounts(), _stop_signal()
    conf = {"linger.ms": LINGER_MS, **settings.KAFKA_CONF}
    producer = Producer(conf, delivery_seconds=None)
    logs = AccessLogs(producer, counts, debug=settings.RUN_ISTIO_ALS_DEBUG)

    async def checks() -> dict[str, bool]:
        return {"kafka": await producer.answers()}

    answers = OwnAnswers(always(registry_of(counts, producer.__len__)), checks)
    try:
        async with serve_probes(answers, probes), serve(address, logs) as port:
            logger.info("Taking access logs on port %d", port, extra={"action": "started"})
            with KafkaWatch(settings.KAFKA_CONF):
                await stop.wait()
    finally:
        await asyncio.to_thread(producer.close, settings.SHUTDOWN_GRACE_SECONDS)
    if counts.lost:
        logger.error("Entries lost: %s", dict(counts.lost), extra={"action": "als_lost"})
    logger.info("Stopped", extra={"action": "stopped"})


def _stop_signal() -> asyncio.Event:
    """Set by the first SIGTERM or SIGINT; a second one ends the process at once."""
    stop = asyncio.Event()

    def on_first() -> None:
        logger.info("Stopping: no stream is taken, what is here goes to Kafka")
        stop.set()

    stop_on_signals(on_first)
    return stop

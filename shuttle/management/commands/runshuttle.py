"""`manage.py runshuttle`: the loop from Kafka to the drains."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from confluent_kafka import KafkaException
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from drains.selectors import egress_policy
from events.probes import serve_probes
from shuttle.als_process import AlsProcess, running
from shuttle.config import WorkerConfig
from shuttle.cursors import DatabaseStore
from shuttle.metrics import registry_of
from shuttle.worker import Worker

logger = logging.getLogger(__name__)

LOOK_UP_THREADS = 128


class Command(BaseCommand):
    help = "Deliver log lines from Kafka to the drains, until SIGTERM or SIGINT."
    requires_system_checks = ["logshuttle"]  # others want the database, which may be away

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--metrics-port",
            type=int,
            default=settings.METRICS_PORT,
            help="port of /livez, /readyz and /metrics; 0 for none (default: METRICS_PORT)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        policy, port = egress_policy(), options["metrics_port"]
        config = WorkerConfig(
            kafka=settings.KAFKA_CONF,
            egress=replace(policy, own_ports=policy.own_ports | {port}),
            shutdown_grace_seconds=settings.SHUTDOWN_GRACE_SECONDS,
            test_mode=settings.TEST_MODE,
        )
        als = None
        if settings.RUN_ISTIO_ALS:
            als = AlsProcess(settings.BASE_DIR / "manage.py", settings.SHUTDOWN_GRACE_SECONDS)
        try:
            asyncio.run(_run(config, port, als))
        except (ValueError, KafkaException) as error:
            raise CommandError(f"KAFKA_CONF_…: {error}", returncode=2) from error
        except OSError as error:
            raise CommandError(f"METRICS_PORT {port}: {error}") from error


async def _run(config: WorkerConfig, metrics_port: int, als: AlsProcess | None) -> None:
    loop = asyncio.get_running_loop()
    # Names are looked up here; a slow name server must not keep other drains from theirs.
    loop.set_default_executor(ThreadPoolExecutor(LOOK_UP_THREADS, thread_name_prefix="look-up"))
    worker = Worker(config, DatabaseStore())
    _stop_on_signals(worker, als)
    async with serve_probes(registry_of(worker.report), worker.checks, metrics_port), running(als):
        await worker.run()


def _stop_on_signals(worker: Worker, als: AlsProcess | None) -> None:
    """The first signal ends the worker in order, a second one at once: nothing is lost by it."""

    def on_signal() -> None:
        if worker.stopping:
            os._exit(1)
        logger.info("Stopping: no more is consumed, what is under way arrives")
        worker.stop()
        if als is not None:
            als.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)

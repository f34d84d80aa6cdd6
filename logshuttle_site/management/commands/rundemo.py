"""`manage.py rundemo`: all of Log shuttle on one machine, on a real Kafka, with sample traffic."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from events.devkafka.broker import DevKafkaError
from events.process.folders import FolderError, make_writable
from events.process.progress import Progress
from logshuttle_site.demo.demo import Demo, DemoPorts
from logshuttle_site.demo.parts import PartFailedError


class Command(BaseCommand):
    help = (
        "Runs Kafka, web, worker, a receiver and sample traffic on this machine, until Ctrl-C. "
        "Asks for nothing, keeps its data in a folder and reuses it the next time."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", type=Path, default=Path(".demo"), help="data folder")
        parser.add_argument("--port", type=int, default=settings.PORT, help="web (PORT)")
        parser.add_argument(
            "--metrics-port", type=int, default=settings.METRICS_PORT, help="(METRICS_PORT)"
        )
        parser.add_argument("--kafka-port", type=int, default=9092)
        parser.add_argument("--receiver-port", type=int, default=5514)

    def handle(self, *args: Any, **options: Any) -> None:
        ports = DemoPorts(
            web=options["port"],
            metrics=options["metrics_port"],
            kafka=options["kafka_port"],
            receiver=options["receiver_port"],
        )
        with Progress(sys.stderr) as progress:
            demo = Demo(options["data"], ports, progress, self.stdout)
            try:
                make_writable(options["data"], "--data")
                asyncio.run(_until_signal(demo))
            except (DevKafkaError, FolderError, PartFailedError, OSError, ValueError) as error:
                raise CommandError(str(error)) from error


async def _until_signal(demo: Demo) -> None:
    """The first Ctrl-C (or SIGTERM) ends everything, in order."""
    running = asyncio.ensure_future(demo.run())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running

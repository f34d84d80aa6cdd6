"""`manage.py rundemo`: all of Log shuttle on one machine, on a real Kafka, with sample traffic."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from events.devkafka.broker import DevKafka, DevKafkaError
from events.process.folders import FolderError, make_writable
from events.process.progress import Progress
from logshuttle_site.demo.demo import Demo
from logshuttle_site.demo.foreground import alone_in_front
from logshuttle_site.demo.parts import PartFailedError
from logshuttle_site.demo.ports import PortsTakenError, choose_ports
from logshuttle_site.demo.screen import screen_on

_TOLD = (DevKafkaError, FolderError, PartFailedError, PortsTakenError)
_KAFKA = {"log.retention.bytes": str(256 * 1024 * 1024)}  # of each partition


class Command(BaseCommand):
    help = (
        "Runs Kafka, web, worker, receivers and sample traffic on this machine, until Ctrl-C. "
        "Asks for nothing, keeps its data in a folder and reuses it the next time."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", type=Path, default=Path(".demo"), help="data folder (.demo)")
        for name, default in (("", "PORT, else 5000"), ("metrics-", "METRICS_PORT, else 9102")):
            parser.add_argument(f"--{name}port", type=_port, help=default)
        parser.add_argument("--kafka-port", type=_port, help="9092")
        parser.add_argument("--receiver-port", type=_port, help="5514; other kinds are behind it")
        parser.add_argument(
            "--show", action="store_true", help="print what receivers get, on a pipe too"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        asked = {
            "web": options["port"] or _set("PORT"),
            "metrics": options["metrics_port"] or _set("METRICS_PORT"),
            "kafka": options["kafka_port"],
            "tcp": options["receiver_port"],
        }
        folder = options["data"]
        # SIGTERM as Ctrl-C, and SIGINT too: a shell's `&` has it ignored.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        try:
            with alone_in_front(), Progress(sys.stderr) as progress:
                ports = choose_ports(asked)
                make_writable(folder, "--data")
                screen = screen_on(sys.stdout, shows_lines=options["show"])
                demo = Demo(folder, ports, progress, screen)
                kafka = DevKafka(
                    data_dir=folder / "kafka",
                    port=ports.kafka,
                    properties=_KAFKA,
                    progress=progress.say,
                )
                with kafka:
                    asyncio.run(_until_signal(demo, kafka.bootstrap))
        except KeyboardInterrupt:  # before all was up; nothing of it is left
            return
        except (*_TOLD, OSError, ValueError) as error:
            raise CommandError(str(error) or type(error).__name__) from error


async def _until_signal(demo: Demo, bootstrap: str) -> None:
    """The first Ctrl-C (or SIGTERM) ends everything, in order."""
    running = asyncio.ensure_future(demo.run(bootstrap))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 65536:
        raise ValueError(text)
    return port


def _set(name: str) -> int | None:
    """What the environment asks for: settings have a default too, and that may move."""
    port: int = getattr(settings, name)
    return port if os.environ.get(name, "").strip() else None

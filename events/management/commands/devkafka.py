"""`manage.py devkafka`: a real Kafka for this laptop, until Ctrl-C."""

from __future__ import annotations

import signal
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events.devkafka.broker import DevKafka, DevKafkaError
from events.process.folders import FolderError, make_writable
from events.process.progress import Progress


class Command(BaseCommand):
    help = "Runs a real single-node Apache Kafka on 127.0.0.1 for development, until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", type=Path, default=Path(".devkafka"), help="data folder")
        parser.add_argument("--port", type=int, default=9092, help="0: any free port")
        parser.add_argument("--log", type=Path, help="log file (broker.log in the data folder)")
        parser.add_argument(
            "--property",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="a broker property, may be repeated",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        for sig in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: a shell's `&` has it ignored
            signal.signal(sig, signal.default_int_handler)
        progress = Progress(sys.stderr)
        broker = DevKafka(
            data_dir=options["data"],
            port=options["port"],
            log=options["log"],
            properties=_properties(options["property"]),
            progress=progress.say,
        )
        try:
            make_writable(options["data"], "--data")
            with progress, broker:
                progress.done(f"Kafka answers on {broker.bootstrap} (log: {broker.log})")
                broker.wait()
                raise DevKafkaError(f"Kafka ended by itself (log: {broker.log})")
        except (DevKafkaError, FolderError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:  # Ctrl-C or SIGTERM: the broker is down by now
            return


def _properties(given: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    for name, equals, _ in pairs:
        if not (name and equals):
            raise CommandError(f"--property wants NAME=VALUE, not {name!r}")
    return {name: value for name, _, value in pairs}

"""`manage.py runshuttle`: the loop from Kafka to the drains."""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from drains.selectors import egress_policy
from events.process.listening import ListenError, listen
from events.process.open_files import raise_open_files_limit
from events.process.supervised_process import SupervisedProcess
from shuttle.process.run import supervise, work
from shuttle.process.supervisor import Supervisor
from shuttle.process.watchdog import StoodStillError
from shuttle.worker.config import WorkerConfig
from shuttle.worker.ownership import ForeignGroupError

MAX_WORKERS = 256
MANAGE = settings.BASE_DIR / "manage.py"


class Command(BaseCommand):
    help = "Deliver log lines from Kafka to the drains, until SIGTERM or SIGINT."
    requires_system_checks = ["logshuttle"]  # others want the database, which may be away

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--workers",
            type=_workers,
            default=1,
            metavar="N",
            help="processes that share the work; one that dies is started again (default: 1)",
        )
        parser.add_argument(
            "--metrics-port",
            type=int,
            default=settings.METRICS_PORT,
            help="port of /livez, /readyz and /metrics; 0 for none (default: METRICS_PORT)",
        )
        parser.add_argument(
            "--take-over-group",
            action="store_true",
            help="once, for a new database: the consumer group becomes this installation's",
        )
        parser.add_argument(
            "--host",
            default=settings.LISTEN_HOST,
            help="address of these (default: all; in laptop mode those of this machine alone)",
        )
        # One of several: their supervisor serves for all of them.
        parser.add_argument("--probes-place", help=argparse.SUPPRESS)
        parser.add_argument("--slot", type=int, default=0, help=argparse.SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        port, place = options["metrics_port"], options["probes_place"]
        take_over: bool = options["take_over_group"]
        als = None
        if place is None:
            raise_open_files_limit()
            if settings.RUN_ISTIO_ALS:
                als = _envoy_receiver()
        try:
            probes = listen(options["host"], port, "METRICS_PORT") if port and not place else []
            if options["workers"] > 1:
                supervisor = _supervisor(options["workers"], port, take_over=take_over)
                sys.exit(asyncio.run(supervise(supervisor, probes, als)))
            config = replace(_config(port, take_over=take_over), slot=options["slot"])
            asyncio.run(work(config, place or probes, als))
        except ForeignGroupError as error:
            raise CommandError(str(error), returncode=2) from error
        except (StoodStillError, ListenError) as error:
            raise CommandError(str(error)) from error


def _workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_WORKERS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {MAX_WORKERS}")
    return int(text)


def _config(metrics_port: int, *, take_over: bool) -> WorkerConfig:
    policy = egress_policy()
    return WorkerConfig(
        kafka=settings.KAFKA_CONF,
        egress=replace(policy, own_ports=policy.own_ports | {metrics_port}),
        group=settings.KAFKA_GROUP,
        take_over_group=take_over,
        shutdown_grace_seconds=settings.SHUTDOWN_GRACE_SECONDS,
        test_mode=settings.TEST_MODE,
        version=settings.VERSION,
        metrics_max_drains=settings.METRICS_MAX_DRAINS,
    )


def _supervisor(workers: int, metrics_port: int, *, take_over: bool) -> Supervisor:
    command: list[str | Path] = [sys.executable, MANAGE, "runshuttle", "--skip-checks"]
    command += ["--metrics-port", str(metrics_port)]  # drains may not send there
    if take_over:
        command.append("--take-over-group")
    return Supervisor(command, workers, settings.SHUTDOWN_GRACE_SECONDS)


def _envoy_receiver() -> SupervisedProcess:
    """Beside the worker, which does not depend on it (RUN_ISTIO_ALS, as the original has it)."""
    command: list[str | Path] = [sys.executable, MANAGE, "runals"]
    return SupervisedProcess("runals", command, settings.SHUTDOWN_GRACE_SECONDS)

"""`manage.py runweb`: daphne with the REST API, the admin and health."""

from __future__ import annotations

import gc
import logging
import socket
from contextlib import nullcontext, suppress
from functools import partial
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from prometheus_client.registry import Collector

from drains.selectors import own_port
from drains.unreadable import what_cannot_be_read
from events.database_faults import DatabaseFault, fault_of
from events.database_trouble import troubles
from events.process.heaps import share_heaps
from events.process.listening import ListenError, listen, urls_of
from events.process.open_files import raise_open_files_limit
from logshuttle_site import health
from logshuttle_site.answers.metrics import ANSWERS
from logshuttle_site.asgi import application
from logshuttle_site.audit.metrics import AuditCollector
from logshuttle_site.checks import TAG
from logshuttle_site.checks_of_production import LOOPBACK_HOSTS, PUBLIC_LAPTOP
from logshuttle_site.connections.census import Census, Room
from logshuttle_site.connections.metrics import ConnectionsCollector, serve_metrics
from logshuttle_site.database.check import ask_database
from logshuttle_site.login.metrics import LoginCollector
from logshuttle_site.notifications.notifier import notifying
from logshuttle_site.peers import TrustedProxies
from logshuttle_site.server import PatientServer
from logshuttle_site.shared_cache.backend import ask_the_cache, breaker_of_the_cache
from logshuttle_site.shared_cache.breaker import AwayError
from logshuttle_site.shared_cache.metrics import CacheCollector
from sessions_app.metrics import TailsCollector
from sessions_app.process import all_tails, say_goodbye

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Serve the REST API and the admin, until SIGTERM or SIGINT."
    # Not all of them: some want the database, which may be away. Health says so, and we serve.
    requires_system_checks = [TAG]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--host",
            default=settings.LISTEN_HOST,
            help="address (default: all; in laptop mode those of this machine alone)",
        )
        parser.add_argument("--port", type=int, default=settings.PORT, help="port (default: PORT)")
        parser.add_argument(
            "--metrics-port", type=int, default=0, help="port of /metrics (default: none)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        own_port(port)
        if settings.LAPTOP_MODE and host not in LOOPBACK_HOSTS:
            logger.warning(PUBLIC_LAPTOP, host, extra={"action": "public_laptop"})
        _say_if_the_database_is_away()
        if settings.REDIS_URL:
            with suppress(AwayError):  # which has been said
                ask_the_cache()
        sockets, metrics = _listening(host, port, options["metrics_port"])
        server = PatientServer(
            application,
            sockets,
            server_name=None,
            before_end=say_goodbye,
            census=_census(),
            idle_seconds=settings.HTTP_IDLE_SECONDS,
            ready_callable=partial(_say_where, urls_of(sockets)),
        )
        troubles.follow(ask_database)
        # Of the control plane: who serves nothing but log sessions tells operators nothing.
        with health.kafka_watch(), nullcontext() if settings.RUN_SESSION else notifying():
            share_heaps(2)
            _spare_the_collector()
            _run(server, metrics)
        logger.info("Stopped", extra={"action": "stopped"})


def _listening(
    host: str | None, port: int, metrics_port: int
) -> tuple[list[socket.socket], list[socket.socket]]:
    try:
        sockets = listen(host, port, "PORT")
        return sockets, listen(host, metrics_port, "--metrics-port") if metrics_port else []
    except ListenError as error:
        raise CommandError(str(error)) from error


def _say_where(urls: str) -> None:
    logger.info("Serving on %s", urls, extra={"action": "started"})


def _run(server: PatientServer, metrics: list[socket.socket]) -> None:
    collectors: list[Collector] = [
        ConnectionsCollector(server.census, server.refusals),
        ANSWERS,
        LoginCollector(),
        TailsCollector(all_tails),
        AuditCollector(),
    ]
    if settings.REDIS_URL:
        collectors.append(CacheCollector(breaker_of_the_cache()))
    with serve_metrics(collectors, metrics):
        server.run()


def _census() -> Census:
    room = Room.of_files(raise_open_files_limit())
    return Census(room, TrustedProxies(settings.TRUSTED_PROXIES))


def _spare_the_collector() -> None:
    """What is imported stays: to look through all of it, now and then, held up everybody."""
    gc.collect()
    gc.freeze()


def _say_if_the_database_is_away() -> None:
    """It may come later: we serve even so."""
    error = health.errors_of({"database": ask_database})["database"]
    if error is None:
        _say_what_cannot_be_read()
    else:
        troubles.note(error, fault_of(error) or DatabaseFault.AWAY)


def _say_what_cannot_be_read() -> None:
    """Of some rows: to decrypt all takes seconds where there are many, and workers tell each."""
    try:
        if told := what_cannot_be_read(apps.get_models()):
            logger.error("%s", told, extra={"action": "unreadable"})
    except Exception as error:
        if (fault := fault_of(error)) is None:
            raise
        troubles.note(error, fault)  # it is away by now
    finally:
        connection.close()

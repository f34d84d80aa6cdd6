"""`manage.py runweb`: daphne with the REST API, the admin and health."""

from __future__ import annotations

import gc
import logging
from contextlib import nullcontext
from typing import Any

from daphne.endpoints import build_endpoint_description_strings
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from logshuttle_site import health
from logshuttle_site.asgi import application
from logshuttle_site.checks import TAG
from logshuttle_site.notifications.notifier import notifying
from logshuttle_site.server import PatientServer
from sessions_app.process import say_goodbye

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Serve the REST API and the admin, until SIGTERM or SIGINT."
    # Not all of them: some want the database, which may be away. Health says so, and we serve.
    requires_system_checks = [TAG]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="0.0.0.0", help="address (default: all)")  # noqa: S104
        parser.add_argument("--port", type=int, default=settings.PORT, help="port (default: PORT)")

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        _say_if_the_database_is_away()
        server = PatientServer(
            application,
            endpoints=build_endpoint_description_strings(host=host, port=port),
            server_name=None,
            before_end=say_goodbye,
            ready_callable=lambda: logger.info(
                "Serving on http://%s:%d", host, port, extra={"action": "started"}
            ),
        )
        # Of the control plane: who serves nothing but log sessions tells operators nothing.
        with nullcontext() if settings.RUN_SESSION else notifying():
            _spare_the_collector()
            server.run()
        if server.refused:
            raise CommandError(f"PORT {port}: {server.refused}")
        logger.info("Stopped", extra={"action": "stopped"})


def _spare_the_collector() -> None:
    """What is imported stays: to look through all of it, now and then, held up everybody."""
    gc.collect()
    gc.freeze()


def _say_if_the_database_is_away() -> None:
    fault = health.faults_of({"database": health.ask_database})["database"]
    if fault:
        logger.warning(
            "The database is away, or `manage.py migrate` has not run: %s. Serving even so.",
            fault.strip(),
            extra={"action": "database_away"},
        )

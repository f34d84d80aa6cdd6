"""`manage.py doctor`: what is well here and what is not, and what to do about it."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.core.management.color import no_style

from logshuttle_site.doctor.cache import cache
from logshuttle_site.doctor.configured import configured
from logshuttle_site.doctor.database import database
from logshuttle_site.doctor.effective import effective_settings
from logshuttle_site.doctor.findings import Check, Findings, examine
from logshuttle_site.doctor.kafka_brokers import brokers
from logshuttle_site.doctor.kafka_topics import topics
from logshuttle_site.doctor.keys import keys
from logshuttle_site.doctor.receiver import receiver_of
from logshuttle_site.doctor.show import as_json, report, table
from logshuttle_site.doctor.workers import workers

LIMIT_SECONDS = 20.0

CHECKS: dict[str, Check] = {
    "Settings": configured,
    "Kafka": brokers,
    "Topics": topics,
    "Database": database,
    "Cache": cache,
    "Keys": keys,
    "Workers": workers,
}


class Command(BaseCommand):
    help = (
        "Looks at Kafka, the database, the cache, keys and workers, and says what to do where"
        " something is not well. Exit status 1 when anything has failed; warnings are 0."
    )
    requires_system_checks: list[str] = []  # they are among what it looks at

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--drain", metavar="ID", help="also send a test line to its receiver")
        parser.add_argument(
            "--show-settings",
            action="store_true",
            help="also all settings as they count, secrets masked",
        )
        parser.add_argument("--json", action="store_true", help="for scripts")
        parser.add_argument(
            "--limit", type=float, default=LIMIT_SECONDS, metavar="SECONDS", help="for all of it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with _silent_log():
            found = examine(_checks(options["drain"]), options["limit"])
        self._show(found, options)
        if found.is_stuck:  # nobody waits for what a library still waits for
            sys.stdout.flush()
            os._exit(1)
        if found.failures:
            sys.exit(1)

    def _show(self, found: Findings, options: dict[str, Any]) -> None:
        from logshuttle_site.settings import env

        wanted = list(effective_settings(env)) if options["show_settings"] else None
        if options["json"]:
            self.stdout.write(json.dumps(as_json(found, wanted), indent=2))
            return
        if settings.NO_COLOR and not options["force_color"]:
            self.style = no_style()
        for line in report(found, self.style):
            self.stdout.write(line)
        for line in ["", *table(wanted)] if wanted else []:
            self.stdout.write(line)


@contextmanager
def _silent_log() -> Iterator[None]:
    """What our parts would say is what is found."""
    handlers, logging.root.handlers = logging.root.handlers, [logging.NullHandler()]
    try:
        yield
    finally:
        logging.root.handlers = handlers


def _checks(drain: str | None) -> dict[str, Check]:
    return CHECKS | ({"Drain": receiver_of(drain)} if drain else {})

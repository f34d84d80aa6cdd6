"""`manage.py migrate`: Django's own, one at a time, and with a line for what goes wrong."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections

from events.database_faults import DatabaseFault, fault_of, said_by
from logshuttle_site.database.migrate_lock import alone


class Command(migrate.Command):
    def execute(self, *args: Any, **options: Any) -> Any:
        try:
            return super().execute(*args, **options)
        except Exception as error:
            cause = next(filter(None, (error.__cause__, error.__context__)), error)
            fault = fault_of(error) or fault_of(cause)
            if fault in (None, DatabaseFault.OLD_SCHEMA):  # a migration's own fault
                raise
            where = connections[options["database"]].settings_dict["NAME"]
            raise CommandError(f"the database {where} {fault.value}: {said_by(error)}") from error

    def handle(self, *args: Any, **options: Any) -> None:
        if options["plan"] or options["check_unapplied"]:
            super().handle(*args, **options)
            return
        with alone(connections[options["database"]], self._say):
            super().handle(*args, **options)

    def _say(self) -> None:
        self.stderr.write("Another migrate is at work: waiting for its end.")

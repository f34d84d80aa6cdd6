"""Whether the database can do what a request may want of it. Cheap enough for a probe."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from pkgutil import iter_modules

from django.apps import apps
from django.db import OperationalError, ProgrammingError, connection

_TAKES_NO_WRITES = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean"


class TakesNoWritesError(OperationalError):
    pgcode = "25006"


class NotMigratedError(ProgrammingError):
    pgcode = "42P01"


def ask_database() -> None:
    """It has all our tables and columns, and takes writes; nothing is written. Raises what the
    driver raises, and errors of this module that `fault_of` knows."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT app, name FROM django_migrations")
            missing = _wanted() - set(cursor.fetchall())
            if missing:
                raise NotMigratedError(f"migrations have not run: {_named(missing)}")
            if connection.vendor == "postgresql":
                cursor.execute(_TAKES_NO_WRITES)
                if cursor.fetchone()[0]:
                    raise TakesNoWritesError("it is a replica, or read-only")
            else:
                _refuse_file_that_is_read_only()
    finally:
        connection.close()


@cache
def _wanted() -> frozenset[tuple[str, str]]:
    """App and name of each migration that this version comes with, by their files: to import them
    takes longer than all the rest of a start."""
    return frozenset(
        (app.label, module.name)
        for app in apps.get_app_configs()
        for module in iter_modules([str(Path(app.path) / "migrations")])
        if module.name[0] not in "_~"
    )


def _named(missing: frozenset[tuple[str, str]]) -> str:
    first, *others = (" ".join(each) for each in sorted(missing))
    return f"{first} and {len(others)} more" if others else first


def _refuse_file_that_is_read_only() -> None:
    file = Path(str(connection.settings_dict["NAME"]))
    for place in (file, file.parent):
        if place.exists() and not os.access(place, os.W_OK):
            raise TakesNoWritesError(f"{place} cannot be written to")

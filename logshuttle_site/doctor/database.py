"""The database: which one, how fast, whether `migrate` has run, and its clock."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor

from events.database_faults import DatabaseFault, fault_of
from logshuttle_site.doctor.findings import Finding, fail, first_line, ok, warn

ROUNDS = 20
SLOW_MS = 20.0
"""A request asks several times, one after the other."""
CLOCKS_APART_SECONDS = 5.0
"""Whether a worker lives is told by times that it has written: 30 s are all that there is."""
_NAMED_MAX = 5

_ADVICE: dict[DatabaseFault | None, str] = {
    DatabaseFault.AWAY: "See that it runs, and that DATABASE_URL leads to it.",
    DatabaseFault.REFUSES_US: (
        "See the user, the password and the database's name in DATABASE_URL, where special"
        " characters are percent-encoded, and whether its pg_hba.conf lets this host in."
    ),
    DatabaseFault.NO_CONNECTIONS: (
        "Raise its max_connections, or have fewer processes: docs/operations.md says what they"
        " need."
    ),
    DatabaseFault.NO_RIGHT: "Give our user its tables: who runs `migrate` owns them.",
    DatabaseFault.TOO_SLOW: "See who holds it, or what keeps it busy.",
    DatabaseFault.FULL: "Give it room.",
}


def database() -> Iterator[Finding]:
    try:
        yield _which()
        yield from _can_write()
        yield _latency()
        yield _migrations()
        if connection.vendor == "postgresql":
            yield clock_of("The database", time.time(), _now_there(), time.time())
    except (DatabaseError, InterfaceError) as error:
        advice = _ADVICE.get(fault_of(error), _ADVICE[DatabaseFault.AWAY])
        yield fail(f"The database cannot be used: {first_line(error)}", advice)


def clock_of(whose: str, before: float, theirs: float, after: float) -> Finding:
    """Compared with ours, just before it was asked and just after. Seconds since 1970."""
    apart = theirs - (before + after) / 2
    if abs(apart) <= CLOCKS_APART_SECONDS + (after - before) / 2:
        return ok(f"{whose} has our time, {abs(apart):.1f} s apart at most.")
    return fail(
        f"{whose}'s clock is {abs(apart):.0f} s {'ahead of' if apart > 0 else 'behind'} ours.",
        "Have all machines set their clocks by NTP: who lives is told by times.",
    )


def _which() -> Finding:
    if connection.vendor == "sqlite":
        version = _one("SELECT sqlite_version()")
        return ok(f"SQLite {version} in {connection.settings_dict['NAME']}.")
    return ok(f"PostgreSQL {str(_one('SHOW server_version')).split()[0]}.")


def _can_write() -> Iterator[Finding]:
    if connection.vendor == "postgresql":
        if _one("SHOW transaction_read_only") == "on":
            yield fail(
                "The database takes no writes: it is a replica, or read-only.",
                "Have DATABASE_URL lead to the primary.",
            )
        return
    file = Path(str(connection.settings_dict["NAME"]))
    for place in (file, file.parent):
        if place.exists() and not os.access(place, os.W_OK):
            yield fail(f"{place} cannot be written to.", "Give it to the user that runs this.")


def _latency() -> Finding:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        _one("SELECT 1")
        times.append((time.perf_counter() - began) * 1000)
    middle = median(times)
    said = f"It answers within {middle:.1f} ms (the middle one of {ROUNDS} times)."
    if middle <= SLOW_MS:
        return ok(said)
    return warn(said, "Bring it nearer, or find what keeps it busy: each request asks several.")


def _migrations() -> Finding:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not plan:
        return ok("All migrations have run.")
    names = [f"{migration.app_label} {migration.name}" for migration, _ in plan]
    more = f" and {len(names) - _NAMED_MAX} more" if len(names) > _NAMED_MAX else ""
    return fail(
        f"Migrations have not run: {', '.join(names[:_NAMED_MAX])}{more}.",
        "Run `manage.py migrate`.",
    )


def _now_there() -> float:
    return float(_one("SELECT EXTRACT(EPOCH FROM clock_timestamp())"))


def _one(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]

"""Who works, on which hosts, and what several hosts have to share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from drains.models import Drain
from logshuttle_site.doctor.database import CLOCKS_APART_SECONDS
from logshuttle_site.doctor.findings import Finding, fail, first_line, ok, warn
from logshuttle_site.overview.values import WorkerFigures
from logshuttle_site.overview.workers import Workers
from logshuttle_site.overview.workers import workers as workers_now
from sessions_app.models import Viewers

_NAMED_MAX = 5


def workers() -> Iterator[Finding]:
    try:
        now = timezone.now()
        found = workers_now(now)
        working = [each for each in found.figures if each.state == "working"]
        yield _who_works(working)
        yield from _who_is_gone(found)
        yield from _several_hosts({each.host for each in working})
        yield from _several_webs(now)
        ahead = [each for each in working if (each.reported_at - now).total_seconds() > 0]
        for each in ahead:
            seconds = (each.reported_at - now).total_seconds()
            if seconds > CLOCKS_APART_SECONDS:
                yield fail(
                    f"The clock of {each.host} is {seconds:.0f} s ahead of ours.",
                    "Have all machines set their clocks by NTP.",
                )
    except (DatabaseError, InterfaceError) as error:
        yield fail(
            f"What workers say cannot be read: {first_line(error)}",
            "See what is said of the database.",
        )


def _who_works(working: list[WorkerFigures]) -> Finding:
    hosts = sorted({each.host for each in working})
    if working:
        lag = sum(each.consumer_lag for each in working)
        on = f"on {hosts[0]}" if len(hosts) == 1 else f"on {len(hosts)} hosts: {some(hosts)}"
        does = "worker works" if len(working) == 1 else "workers work"
        return ok(f"{len(working)} {does} {on}; {lag:,} records wait for them in Kafka.")
    said = "No worker has been heard for 30 s."
    if Drain.objects.exists():
        return fail(f"{said} Lines wait in Kafka.", "Start `manage.py runshuttle`.")
    return warn(said, "Start `manage.py runshuttle`: drains that are made get lines by it.")


def _who_is_gone(found: Workers) -> Iterator[Finding]:
    gone = [f"{each.name} on {each.host}" for each in found.figures if each.state == "gone"]
    if gone:
        yield warn(
            f"Heard within a day, and not for 30 s: {some(gone)}.",
            "See why it ended, and have it started again.",
        )
    versions = sorted({row.version for row in found.working})
    if len(versions) > 1:
        yield warn(f"Workers have several versions: {some(versions)}.", "Finish the upgrade.")
    if found.ownerless:
        topics = [each.topic for each in found.ownerless]
        yield warn(
            f"Nobody reads some partitions of {some(topics)}.",
            "See whether a worker hangs; start it again.",
        )


def _several_hosts(hosts: set[str]) -> Iterator[Finding]:
    if len(hosts) < 2:
        return
    if connection.vendor == "sqlite":
        yield fail(
            "Workers are on several hosts, and the database is a file: they have one each, or share"
            " it over a network, where SQLite's locks do not hold.",
            "Take PostgreSQL (DATABASE_URL).",
        )


def _several_webs(now: datetime) -> Iterator[Finding]:
    webs = Viewers.objects.fresh(now).filter(session="").count()
    if webs > 1 and not settings.REDIS_URL:
        yield warn(
            f"There are {webs} web processes and no REDIS_URL: limits hold in each by itself.",
            "Set REDIS_URL, the same for all of them.",
        )


def some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED_MAX} more" if len(names) > _NAMED_MAX else ""
    return ", ".join(names[:_NAMED_MAX]) + more

"""The database → what is seen now, with the figures of the overview."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Max, Min

from drains.models import Drain, DrainStatus
from drains.moments import rfc3339
from drains.states import AFTER_NEW
from drains.status import nobody_reports
from drains.status_models import spoken_by_the_living
from events.keys import AppKey, SiteKey
from events.owners import name_of
from logshuttle_site.notifications.judge import Fate, Known
from logshuttle_site.notifications.kinds import FAILING
from logshuttle_site.notifications.signs import Facts, Seen, Sign, failure_key
from logshuttle_site.overview.figures import causes_of, waiting_of
from logshuttle_site.overview.rollups import MINUTE
from logshuttle_site.overview.values import ExpiringCertificate
from logshuttle_site.overview.workers import workers
from shuttle.models import Rollup, Worker

LOOKED_BACK = timedelta(hours=2)
"""Rows of minutes grow, and come late: so long workers hold them for a database that is away
(UNWRITTEN_MAX of shuttle/worker/rollups.py)."""
KEPT = timedelta(hours=26)
DRAINS_NAMED, OWNERS_NAMED, HOSTS_ASKED = 20, 5, 100
OWNER = ("drain__app", "drain__space", "drain__site")


def look(
    now: datetime, judged_at: datetime | None, certificates: list[ExpiringCertificate]
) -> Seen:
    """`judged_at`: the last time, None: never."""
    crew = workers(now)
    works = any(worker.state == "working" for worker in crew.figures)
    is_silent = not works and not _heard(now)
    known = [seconds for seconds in crew.retention.values() if seconds is not None]
    late = min(known, default=0.0) / 2
    return Seen(
        now=now,
        is_silent=is_silent,
        last_word=_last_word() if is_silent else None,
        first_drain_at=_first_drain_at() if is_silent else None,
        workers=crew.figures,
        causes=[] if is_silent else causes_of(now, is_silent=False, limit=None),
        waiting=waiting_of(now, crew.retention, is_silent=is_silent, at_least=late, limit=None)
        if known
        else [],
        lost=_lost(now, judged_at or now),
        certificates=certificates,
    )


def fates_of(known: Mapping[str, Known], seen: Collection[str], now: datetime) -> dict[str, Fate]:
    """Of failures that are seen no more."""
    gone = {key: of for key, of in known.items() if of.kind == FAILING and key not in seen}
    ids = {drain for of in gone.values() for drain in of.facts["drain_ids"]}
    if not ids:
        return {}
    rows = Drain.objects.filter(pk__in=ids).values_list("pk", "host", "port", "paused", "state")
    said = DrainStatus.objects.filter(spoken_by_the_living(now), drain_id__in=ids)
    heard = set(said.values_list("drain_id", flat=True))
    lives = not nobody_reports()
    drains = {
        str(row[0]): _Became(*row[1:], is_heard=row[0] in heard or (lives and row[-1] in AFTER_NEW))
        for row in rows
    }
    return {key: _fate(of.facts, drains) for key, of in gone.items()}


def failures_named(signs: Iterable[Sign]) -> dict[str, Facts]:
    """Failures by key, each with some of its drains, and whose they are: one question for all."""
    found = {sign.key: sign.facts for sign in signs if sign.kind == FAILING}
    if not found:
        return {}
    drains: dict[str, dict[str, str]] = {key: {} for key in found}
    failing = DrainStatus.objects.filter(
        state="failing", drain__state="failing", drain__paused=False
    )
    if len(found) <= HOSTS_ASKED:
        failing = failing.filter(drain__host__in={facts["host"] for facts in found.values()})
    rows = failing.order_by("drain__state_since", "drain__created_at", "drain_id").values_list(
        "drain__host", "drain__port", "last_error", "drain_id", *OWNER
    )
    for host, port, why, drain_id, app, space, site in rows.iterator():
        named = drains.get(failure_key(host, port, why))
        if named is not None and len(named) < DRAINS_NAMED:
            named[str(drain_id)] = name_of(SiteKey(site) if site else AppKey(app, space))
    return {key: {**facts, **_names(drains[key])} for key, facts in found.items()}


def _names(drains: Mapping[str, str]) -> Facts:
    owners = list(dict.fromkeys(drains.values()))
    return {"drain_ids": list(drains), "owners": owners[:OWNERS_NAMED]}


def _heard(now: datetime) -> bool:
    """Workers of a version before say that they are there by what they say of drains alone."""
    return DrainStatus.objects.filter(spoken_by_the_living(now)).exists()


class _Became(NamedTuple):
    host: str
    port: int
    paused: bool
    state: str
    is_heard: bool
    """A worker that is there speaks of it, or has nothing to say and has put that right."""


def _fate(facts: Facts, drains: Mapping[str, _Became]) -> Fate:
    ids, receiver = facts["drain_ids"], (facts["host"], facts["port"])
    there = [drains[of] for of in ids if of in drains and drains[of][:2] == receiver]
    awake = [drain for drain in there if not drain.paused]
    if not ids or any(drain.is_heard and drain.state != "failing" for drain in awake):
        return "recovered"
    if not there:
        return "deleted"
    if not awake:
        return "paused"
    return "failing" if all(drain.is_heard for drain in awake) else "unheard"


def _last_word() -> datetime | None:
    last: datetime | None = Worker.objects.aggregate(last=Max("reported_at"))["last"]
    return last


def _first_drain_at() -> datetime | None:
    first: datetime | None = Drain.objects.aggregate(first=Min("created_at"))["first"]
    return first


def _lost(now: datetime, judged_at: datetime) -> dict[str, dict[str, int]]:
    since = max(min(judged_at, now) - LOOKED_BACK, now - KEPT)
    until = now + MINUTE  # whose clock is far ahead has nothing to say of now
    minutes = Rollup.objects.filter(span=Rollup.Span.MINUTE)
    rows = minutes.filter(begins_at__gte=since, begins_at__lt=until)
    found: dict[str, dict[str, int]] = {}
    for begins_at, lost in rows.values_list("begins_at", "figures__lost"):
        for reason, lines in (lost or {}).items():
            minute = found.setdefault(rfc3339(begins_at), {})
            minute[reason] = minute.get(reason, 0) + lines
    return found

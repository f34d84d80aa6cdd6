"""Several short answers that the first page needs, asked in one question: each part of it is rows
of the same columns."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    Count,
    DateTimeField,
    F,
    IntegerField,
    Max,
    Min,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat

from drains.models import Drain
from drains.status import certificates_seen
from logshuttle_site.overview.values import ExpiringCertificate
from sessions_app.models import Viewers

CERTIFICATES = 50
SOON = timedelta(days=30)
"""Before a certificate ends, it is shown."""
ENDED = timedelta(days=7)
"""What ended before is no news: whoever minds has a drain that fails."""
COLUMNS = ("rank", "kind", "text", "number", "moment", "count", "whose", "drain")
_ORDER = ("rank", "moment", "kind", "text", "number")
_TEXT, _NUMBER, _MOMENT = CharField(), IntegerField(), DateTimeField()


class Facts(NamedTuple):
    certificates: list[ExpiringCertificate]
    drains: dict[str, tuple[str, str]]
    """By id, of those that were asked for and are there: owner and address."""
    tails: int | None
    """Who reads now, of so many sessions; None: no web process has told."""
    tail_sessions: int | None


def facts(now: datetime, drain_ids: Collection[str]) -> Facts:
    """Of certificates there may be too many: those that end last are cut off."""
    parts = [_clients(now), _receivers(now), _drains(drain_ids), _tails(now)]
    rows = parts[0].union(*parts[1:], all=True).order_by(*_ORDER)
    ending, drains = [], {}
    tails: tuple[int | None, int | None] = None, None
    for _, kind, text, number, moment, count, owner, drain_id in rows[
        : CERTIFICATES + len(drain_ids) + 1
    ]:
        if kind == "drain":
            drains[str(UUID(drain_id))] = owner, text
        elif kind == "tails":
            tails = (number, count) if moment else (None, None)
        else:
            ending.append(ExpiringCertificate(kind, text, number, moment, count, owner))
    return Facts(ending[:CERTIFICATES], drains, *tails)


def certificates(now: datetime) -> list[ExpiringCertificate]:
    """All of them, those that end first before the others."""
    rows = _clients(now).union(_receivers(now), all=True).order_by(*_ORDER)
    return [ExpiringCertificate(*row[1:7]) for row in rows]


def _drains(ids: Collection[str]) -> QuerySet[Any, Any]:
    """Whose they are."""
    asked = Drain.objects.order_by().filter(pk__in=list(ids))
    told = asked.annotate(
        rank=Value(0, _NUMBER),
        kind=Value("drain", _TEXT),
        text=F("address"),
        number=Value(0, _NUMBER),
        moment=Value(None, _MOMENT),
        count=Value(0, _NUMBER),
        whose=_owner(""),
        drain=Cast("pk", _TEXT),
    )
    found: QuerySet[Any, Any] = told.values_list(*COLUMNS)
    return found


def _tails(now: datetime) -> QuerySet[Any, Any]:
    """One row; no moment: no web process has told of any."""
    read, one = Viewers.objects.fresh(now), ~Q(session="")
    told = read.values(rank=Value(0, _NUMBER), kind=Value("tails", _TEXT), text=Value("", _TEXT))
    counted = told.annotate(
        number=Coalesce(Sum("viewers", filter=one), 0),
        moment=Max("reported_at", filter=~one),
        count=Count("session", filter=one, distinct=True),
        whose=Value("", _TEXT),
        drain=Value("", _TEXT),
    )
    found: QuerySet[Any, Any] = counted.values_list(*COLUMNS)
    return found


def _clients(now: datetime) -> QuerySet[Any, Any]:
    """Certificates of drains: of those that are paused nobody is shown one."""
    drains = Drain.objects.filter(paused=False, certificate_ends_at__range=_span(now))
    return _grouped(drains, "client", "", Count("pk"))


def _receivers(now: datetime) -> QuerySet[Any, Any]:
    """What workers have seen."""
    said = certificates_seen(now).filter(drain__paused=False, certificate_ends_at__range=_span(now))
    return _grouped(said, "receiver", "drain__", Count("drain", distinct=True))


def _span(now: datetime) -> tuple[datetime, datetime]:
    return now - ENDED, now + SOON


def _grouped(
    rows: QuerySet[Any, Any], kind: str, to_drain: str, drains: Count
) -> QuerySet[Any, Any]:
    """One a receiver and moment."""
    groups = rows.order_by().values(
        rank=Value(1, _NUMBER),
        kind=Value(kind, _TEXT),
        text=F(f"{to_drain}host"),
        number=F(f"{to_drain}port"),
        moment=F("certificate_ends_at"),
    )
    counted = groups.annotate(count=drains, whose=Min(_owner(to_drain)), drain=Value("", _TEXT))
    found: QuerySet[Any, Any] = counted.values_list(*COLUMNS)
    return found


def _owner(to_drain: str) -> Case:
    """As people write it (events.owners.name_of)."""
    app, space, site = (f"{to_drain}{name}" for name in ("app", "space", "site"))
    of_an_app, of_a_site = Concat(app, Value("-"), space), Concat(Value("site:"), site)
    return Case(When(**{site: ""}, then=of_an_app), default=of_a_site, output_field=_TEXT)

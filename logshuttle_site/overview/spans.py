"""Minute and hour rows of workers and of web processes, asked for in one question."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Case, CharField, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Cast
from msgspec.json import decode

from logshuttle_site.overview.rollups import DAY, HOUR, MINUTE, Range, Row
from sessions_app.models import TailRollup
from shuttle.models import Rollup

LATELY = timedelta(minutes=15)


class Spans(NamedTuple):
    """In order of time."""

    minutes: list[Row]
    """Of workers; at least the last hour."""
    hours: list[Row]
    """The last 24."""
    steps: list[Row]
    """As long as the series goes back."""
    tail_hours: list[Row]
    """Of web processes, as the next."""
    tail_steps: list[Row]


def spans(now: datetime, over: Range) -> Spans:
    """Who talked, which is most of a row, is only fetched along where it is asked for."""
    since, by_minute = now - over.steps * over.step - over.step, over.of == MINUTE
    minutes, hours = (since, now - DAY) if by_minute else (now - HOUR, since)
    wanted = Q(span="minute", begins_at__gte=minutes) | Q(span="hour", begins_at__gte=hours)
    wanted &= Q(begins_at__lt=now + MINUTE)  # whose clock is far ahead has nothing to say of now
    talk = Case(
        When(span="minute", begins_at__gte=now - LATELY, then="talkers"),
        When(span="hour", begins_at__gte=now - DAY, then="talkers"),
        default=None,
    )
    parts = [
        _rows(Rollup.objects.filter(wanted), "worker", Cast(talk, TextField())),
        _rows(TailRollup.objects.filter(wanted), "web", Value(None, TextField())),
    ]
    found: dict[tuple[str, str], list[Row]] = {}
    for kind, span, at, figures, talkers in (
        parts[0].union(parts[1], all=True).order_by("begins_at")
    ):
        row = Row(at, decode(figures), decode(talkers) if talkers else {})
        found.setdefault((kind, span), []).append(row)

    def rows(kind: str, span: str, since: datetime = hours) -> list[Row]:
        return [row for row in found.get((kind, span), ()) if row.begins_at >= since]

    step = "minute" if by_minute else "hour"
    return Spans(
        rows("worker", "minute", minutes),
        rows("worker", "hour", now - DAY),
        rows("worker", step, since),
        rows("web", "hour", now - DAY),
        rows("web", step, since),
    )


def _rows(found: QuerySet[Any, Any], kind: str, talk: Any) -> QuerySet[Any, Any]:
    """JSON as it is: of thousands of rows, reading it with msgspec saves a third of the time."""
    figures = Cast("figures", TextField())
    rows: QuerySet[Any, Any] = found.values_list(
        Value(kind, CharField()), "span", "begins_at", figures, talk
    )
    return rows

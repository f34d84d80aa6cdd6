"""Figures of tails, as rows: written in one go, and taken away when they are old."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from events.database_faults import fault_of, said_by
from events.key_names import key_names
from sessions_app.models import TailRollup, Viewers
from sessions_app.tail.tally import SpanRow
from sessions_app.tail.teller import TailFigures

KEPT: dict[str, timedelta] = {"minute": timedelta(hours=26), "hour": timedelta(days=8)}
VIEWERS_KEPT = timedelta(minutes=5)
"""What a process has said that is gone without a word."""


def write(figures: TailFigures) -> float:
    """Returns what it took of this thread's CPU, in seconds. Raises OSError."""
    began = time.thread_time()
    try:
        _write(figures, timezone.now())
    except Exception as error:
        if fault_of(error) is None:
            raise
        raise OSError(said_by(error)) from error
    return time.thread_time() - began


def _write(figures: TailFigures, now: datetime) -> None:
    mine = Viewers.objects.filter(process=figures.process)
    with transaction.atomic():
        if figures.has_ended:
            mine.delete()
        else:
            if figures.gone:
                mine.filter(session__in=figures.gone).delete()
            Viewers.objects.bulk_create(
                _viewers(figures, now),
                update_conflicts=True,
                unique_fields=["process", "session"],
                update_fields=["viewers", "reported_at", "keys"],
            )
        TailRollup.objects.bulk_create(
            [_rollup(figures.process, row) for row in figures.rows],
            update_conflicts=True,
            unique_fields=["process", "span", "begins_at"],
            update_fields=["figures"],
        )
    if any(row.span == "minute" and row.begins_at % 3600 == 0 for row in figures.rows):
        _prune(now)


def _viewers(figures: TailFigures, now: datetime) -> list[Viewers]:
    """And one of the process, which is there whether it has any."""
    rows = [
        Viewers(process=figures.process, session=session, viewers=count, reported_at=now)
        for session, count in figures.viewers.items()
    ]
    total = sum(figures.viewers.values())
    of_all = Viewers(process=figures.process, viewers=total, reported_at=now, keys=key_names())
    return [of_all, *rows]


def _rollup(process: str, row: SpanRow) -> TailRollup:
    begins_at = datetime.fromtimestamp(row.begins_at, UTC)
    return TailRollup(process=process, span=row.span, begins_at=begins_at, figures=row.figures)


def _prune(now: datetime) -> None:
    for span, kept in KEPT.items():
        TailRollup.objects.filter(span=span, begins_at__lt=now - kept).delete()
    Viewers.objects.filter(reported_at__lt=now - VIEWERS_KEPT).delete()

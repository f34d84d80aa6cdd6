"""What workers say of drains, as rows: one a drain and worker, and one for all that are gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from drains.models import Drain, DrainStatus
from drains.states import State
from drains.status import state_said
from shuttle.commit.store import FeedStatus

ROWS_AT_ONCE = 500
TOTALS = ("lines_sent", "bytes_sent", "lines_lost", "lines_cut")
FORGOTTEN = timedelta(days=1)
"""What a worker said that is gone for so long: its last errors are nobody's news any more."""


def write_statuses(worker: str, statuses: Sequence[FeedStatus]) -> None:
    """In place of what the worker said before."""
    now = timezone.now()
    with transaction.atomic():
        there = locked(status.drain_id for status in statuses)
        DrainStatus.objects.bulk_create(
            [_row(worker, status, now) for status in statuses if status.drain_id in there],
            batch_size=ROWS_AT_ONCE,
            update_conflicts=True,
            unique_fields=["drain", "worker"],
            update_fields=[*FeedStatus._fields[1:], "reported_at"],
        )
        _write_states(there, now)
    _sum_up(now)


def _write_states(drains: Mapping[str, Drain], now: datetime) -> None:
    """Of drains what all their workers say together, where that is news. Routes stay as they are:
    no worker reads a drain again for this."""
    rows: dict[UUID, list[DrainStatus]] = {}
    for row in DrainStatus.objects.filter(drain_id__in=list(drains)):
        rows.setdefault(row.drain_id, []).append(row)
    news: dict[State, list[UUID]] = {}
    for drain in drains.values():
        state = state_said(drain, rows.get(drain.pk, []), now)
        if state != drain.state:
            news.setdefault(state, []).append(drain.pk)
    for state, ids in news.items():
        Drain.objects.filter(pk__in=ids).update(state=state, state_since=now)


def _row(worker: str, status: FeedStatus, now: datetime) -> DrainStatus:
    values = status._asdict()
    moments = {name: _moment(values[name]) for name in values if name.endswith("_at")}
    return DrainStatus(worker=worker, reported_at=now, **{**values, **moments})


def locked(drain_ids: Iterable[str]) -> dict[str, Drain]:
    """The drains among these that are there: so they stay until the transaction ends. Everybody
    locks them in this order, and before any row that hangs on them."""
    rows = Drain.objects.select_for_update(no_key=True).filter(id__in=list(drain_ids))
    found = rows.only("cursor_version", "paused", "state").order_by("id")
    return {str(drain.pk): drain for drain in found}


def _sum_up(now: datetime) -> None:
    """What workers have sent that are gone for long stays known, in one row a drain."""
    gone = DrainStatus.objects.filter(reported_at__lt=now - FORGOTTEN).exclude(worker="")
    drain_ids = list(gone.values_list("drain_id", flat=True).distinct()[:ROWS_AT_ONCE])
    if drain_ids:
        with transaction.atomic():
            _sum_up_of(locked(map(str, drain_ids)), gone, now)


def _sum_up_of(drain_ids: Iterable[str], gone: QuerySet[DrainStatus], now: datetime) -> None:
    gone = gone.filter(drain_id__in=drain_ids)
    sums = DrainStatus.objects.filter(Q(worker="") | Q(pk__in=gone), drain_id__in=drain_ids)
    summed = sums.values_list("drain_id").annotate(*(Sum(name) for name in TOTALS))
    rows = [
        DrainStatus(
            drain_id=drain_id,
            worker="",
            state="",
            reported_at=now,
            **dict(zip(TOTALS, totals, strict=True)),
        )
        for drain_id, *totals in summed
    ]
    DrainStatus.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["drain", "worker"],
        update_fields=[*TOTALS, "reported_at"],
    )
    gone.delete()


def _moment(epoch_seconds: float | None) -> datetime | None:
    return None if epoch_seconds is None else datetime.fromtimestamp(epoch_seconds, UTC)

"""What workers say of drains, as rows: one a drain and worker, and one for all that are gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from drains import history
from drains.models import Drain, DrainStatus
from drains.states import AFTER_NEW, SEVERITY, State, state_of
from drains.status import FRESH
from shuttle.commit.store import FeedStatus

ROWS_AT_ONCE = 500
TOTALS = ("lines_sent", "bytes_sent", "lines_lost", "lines_cut")
FIELDS = (*FeedStatus._fields[1:], "reported_at")
RATES = ("sent_by_minute", "sent_by_quarter")
FORGOTTEN = timedelta(days=1, minutes=15)
"""What a worker said that is gone for so long: its last errors are nobody's news any more, and the
last quarter of an hour that it counted is a day old."""


def write_statuses(worker: str, statuses: Sequence[FeedStatus]) -> None:
    """In place of what the worker said before. Some at a time: whoever wants to change a drain
    waits for those that are written with it."""
    now = timezone.now()
    for start in range(0, len(statuses), ROWS_AT_ONCE):
        with transaction.atomic():
            _write_some(worker, statuses[start : start + ROWS_AT_ONCE], now)
    _sum_up(now)


def _write_some(worker: str, statuses: Sequence[FeedStatus], now: datetime) -> None:
    there = locked(status.drain_id for status in statuses)
    known = [status for status in statuses if status.drain_id in there]
    _write_rows([_row(worker, of, now) for of in known if of.sent_by_minute is not None], FIELDS)
    rest = [name for name in FIELDS if name not in RATES]
    _write_rows([_row(worker, of, now) for of in known if of.sent_by_minute is None], rest)
    _write_states(there, now)


def _write_rows(rows: Sequence[DrainStatus], fields: Sequence[str]) -> None:
    """Where there is one, these fields of it. What was sent when is most of a row, and is only
    written along when it has changed."""
    DrainStatus.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["drain", "worker"], update_fields=fields
    )


def _write_states(drains: Mapping[str, LockedDrain], now: datetime) -> None:
    """Of drains what all their workers say together, where that is news. Routes stay as they are:
    no worker reads a drain again for this."""
    said: dict[str, set[str]] = {}
    rows = DrainStatus.objects.filter(drain_id__in=list(drains), reported_at__gte=now - FRESH)
    for of, word in rows.exclude(state="").values_list("drain_id", "state").distinct():
        said.setdefault(str(of), set()).add(word)
    delivered = _delivered(drains)
    news: dict[State, list[str]] = {}
    for drain_id, drain in drains.items():
        state = state_of(
            said.get(drain_id, ()), paused=drain.paused, has_delivered=drain_id in delivered
        )
        if state != drain.state:
            news.setdefault(state, []).append(drain_id)
        elif drain.severity != SEVERITY[state]:  # a worker of the version before has written it
            Drain.objects.filter(pk=drain_id).update(severity=SEVERITY[state])
    _note(news, drains, now)
    for state, ids in news.items():
        severity = SEVERITY[state]
        Drain.objects.filter(pk__in=ids).update(state=state, state_since=now, severity=severity)


def _note(
    news: Mapping[State, list[str]], before: Mapping[str, LockedDrain], now: datetime
) -> None:
    """In the drains' histories; not what a drain is first said to be."""
    states = {of: state for state, ids in news.items() for of in ids if before[of].state}
    if not states:
        return
    failing = DrainStatus.objects.filter(drain_id__in=news.get("failing", ()), state="failing")
    why = {str(of): said for of, said in failing.values_list("drain_id", "last_error")}
    history.write(
        history.state_event(
            drain.pk,
            drain.owner_name,
            drain.address,
            states[str(drain.pk)],
            why.get(str(drain.pk), ""),
            now,
        )
        for drain in Drain.objects.only("app", "space", "site", "address").filter(pk__in=states)
    )


def _delivered(drains: Mapping[str, LockedDrain]) -> set[str]:
    """Those that ever got a line. Nobody is asked of most of them: their state tells."""
    known = {drain_id for drain_id, drain in drains.items() if drain.state in AFTER_NEW}
    asked = DrainStatus.objects.filter(drain_id__in=drains.keys() - known, lines_sent__gt=0)
    return known.union(map(str, asked.values_list("drain_id", flat=True).distinct()))


def _row(worker: str, status: FeedStatus, now: datetime) -> DrainStatus:
    values = status._asdict() | {name: getattr(status, name) or "" for name in RATES}
    moments = {name: _moment(values[name]) for name in values if name.endswith("_at")}
    return DrainStatus(worker=worker, reported_at=now, **{**values, **moments})


class LockedDrain(NamedTuple):
    """What is asked of one whose row is locked."""

    cursor_version: int
    paused: bool
    state: str
    severity: int


def locked(drain_ids: Iterable[str]) -> dict[str, LockedDrain]:
    """The drains among these that are there: so they stay until the transaction ends. Everybody
    locks them in this order, and before any row that hangs on them."""
    rows = Drain.objects.select_for_update(no_key=True).filter(id__in=list(drain_ids))
    found = rows.order_by("id").values_list("id", *LockedDrain._fields)
    return {str(drain_id): LockedDrain(*about) for drain_id, *about in found}


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

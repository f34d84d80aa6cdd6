"""What workers say of drains, as rows: one a drain and worker, and one for all that are gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from django.db.models import Q, Sum
from django.utils import timezone

from drains.models import Drain, DrainStatus
from shuttle.commit.store import FeedStatus

ROWS_AT_ONCE = 500
TOTALS = ("lines_sent", "bytes_sent", "lines_lost", "lines_cut")
FORGOTTEN = timedelta(days=1)
"""What a worker said that is gone for so long: its last errors are nobody's news any more."""


def write_statuses(worker: str, statuses: Sequence[FeedStatus], there: Collection[str]) -> None:
    """In place of what the worker said before; of the drains that are `there`."""
    now = timezone.now()
    DrainStatus.objects.bulk_create(
        [_row(worker, status, now) for status in statuses if status.drain_id in there],
        batch_size=ROWS_AT_ONCE,
        update_conflicts=True,
        unique_fields=["drain", "worker"],
        update_fields=[*FeedStatus._fields[1:], "reported_at"],
    )
    _sum_up(now)


def _row(worker: str, status: FeedStatus, now: datetime) -> DrainStatus:
    values = status._asdict() | {
        "last_error_at": _moment(status.last_error_at),
        "last_delivery_at": _moment(status.last_delivery_at),
    }
    return DrainStatus(worker=worker, reported_at=now, **values)


def existing(drain_ids: Iterable[str]) -> dict[str, int]:
    """The drains among these that are there, and stay until the transaction ends, with their
    version."""
    rows = Drain.objects.select_for_update(no_key=True).filter(id__in=list(drain_ids))
    versions = rows.order_by("id").values_list("id", "cursor_version")
    return {str(drain_id): version for drain_id, version in versions}


def _sum_up(now: datetime) -> None:
    """What workers have sent that are gone for long stays known, in one row a drain."""
    gone = DrainStatus.objects.filter(reported_at__lt=now - FORGOTTEN).exclude(worker="")
    drain_ids = list(gone.values_list("drain_id", flat=True).distinct()[:ROWS_AT_ONCE])
    if not drain_ids:
        return
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

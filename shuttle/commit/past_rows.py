"""What workers have left that are gone: states that were their word, and rows of long ago."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from drains.models import Drain, DrainStatus, Heartbeat
from drains.status_models import FRESH, spoken_by_the_living, without_run
from shuttle.commit.drain_states import ROWS_AT_ONCE, locked, write_states

TOTALS = ("lines_sent", "bytes_sent", "lines_lost", "lines_cut")
FORGOTTEN = timedelta(days=1, minutes=15)
"""What a worker said that is gone for so long: its last errors are nobody's news any more, and the
last quarter of an hour that it counted is a day old."""
PATIENCE = timedelta(minutes=1)
"""So long whoever has begun, or takes over from one that died, may still say the same."""


def put_right() -> bool:
    """Some of it. Whether more may be left."""
    now = timezone.now()
    is_more = [_put_states_right(now), _sum_up(now)]
    said = DrainStatus.objects.filter(worker=OuterRef("name"))
    _old_names(now).filter(~Exists(said)).delete()
    return any(is_more)


def _put_states_right(now: datetime) -> bool:
    """Of drains of which no worker that lives says what is stored with them."""
    spoken = DrainStatus.objects.filter(spoken_by_the_living(now), drain=OuterRef("pk"))
    the_same = Exists(spoken.filter(Q(state=OuterRef("state")) | Q(state="paused")))
    may_come = DrainStatus.objects.filter(worker__in=_may_speak(now), drain=OuterRef("pk"))
    doubtful = Drain.objects.filter(
        Q(state="unknown") | Q(state__in=("failing", "replaying", "paused")) & ~Exists(may_come),
        ~the_same,
        paused=False,
    )
    found = list(doubtful.order_by("pk").values_list("pk", flat=True)[:ROWS_AT_ONCE])
    found += _said_to_fail(now)
    with transaction.atomic():
        write_states(locked(found), now)
    return len(found) >= ROWS_AT_ONCE


def _said_to_fail(now: datetime) -> list[UUID]:
    """By a worker that lives, and that nobody had heard for a while: others have put it right."""
    said = DrainStatus.objects.filter(spoken_by_the_living(now), state="failing").order_by()
    unheard = said.filter(drain__paused=False).exclude(drain__state="failing")
    return list(unheard.values_list("drain_id", flat=True).distinct()[:ROWS_AT_ONCE])


def _may_speak(now: datetime) -> QuerySet[Heartbeat, str]:
    """Names whose run has just begun, or has ended and whose drains are taken over."""
    is_over = Q(reported_at__lt=now - FRESH) | Q(has_ended=True)
    lately = Q(reported_at__gte=now - FRESH - PATIENCE)
    found = Heartbeat.objects.filter(Q(began_at__gte=now - PATIENCE) | is_over & lately)
    return found.values_list("name", flat=True)


def _sum_up(now: datetime) -> bool:
    """What they have sent stays known, in one row a drain."""
    names = _old_names(now).values_list("name", flat=True)
    found = list(_said_by(names, now).values_list("drain_id", flat=True)[:ROWS_AT_ONCE])
    if found:
        with transaction.atomic():
            # Nobody takes one of these names, and goes on with its rows, meanwhile.
            still = names.order_by("name").select_for_update()
            drains = locked(found)
            _sum_up_of(drains, _said_by(still, now).filter(drain_id__in=list(drains)), now)
    return len(found) == ROWS_AT_ONCE


def _said_by(names: Iterable[str], now: datetime) -> QuerySet[DrainStatus]:
    old = DrainStatus.objects.order_by().filter(reported_at__lt=now - FORGOTTEN)
    return old.filter(Q(worker__in=list(names)) | without_run())


def _sum_up_of(drain_ids: Collection[str], gone: QuerySet[DrainStatus], now: datetime) -> None:
    sums = DrainStatus.objects.filter(Q(worker="") | Q(pk__in=gone), drain_id__in=list(drain_ids))
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


def _old_names(now: datetime) -> QuerySet[Heartbeat]:
    return Heartbeat.objects.filter(reported_at__lt=now - FORGOTTEN)

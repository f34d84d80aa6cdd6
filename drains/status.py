"""How a drain is doing: what its workers said last, put together when it is asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import (
    BooleanField,
    Count,
    Exists,
    ExpressionWrapper,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
)
from django.utils import timezone

from drains import lag
from drains.models import Drain, DrainStatus, Heartbeat
from drains.states import SEVERITY, State, state_named, state_of, stored_state
from drains.status_models import FRESH, has_delivered, signs_of_life, spoken_by_the_living

CERTIFICATE_KNOWN = timedelta(days=1)
"""So long what a worker saw counts that is gone."""


@dataclass(frozen=True, slots=True)
class Status:
    state: State
    state_since: datetime
    reported_at: datetime | None
    """When a worker was heard last; None: never since it was made."""
    next_try_at: datetime | None
    """When its receiver is dialled next; None: nobody waits for that."""
    last_error: str | None
    last_error_at: datetime | None
    last_delivery_at: datetime | None
    lag_messages: int
    """Lines that no receiver has confirmed."""
    lag_is_estimate: bool
    """There may be more of them: nobody has seen them all, or no worker reports by now."""
    lag_seconds: float
    """Age of the oldest of them."""
    lines_sent: int
    bytes_sent: int
    lines_lost: int
    lines_cut: int
    """Sent, but too long to be sent whole."""
    certificate_ends_at: datetime | None
    """The receiver's, as certificates_seen has it."""


def with_statuses(drains: QuerySet[Drain]) -> QuerySet[Drain]:
    """With all that `status_of` would else ask for, drain by drain."""
    now = timezone.now()
    beats = Heartbeat.objects.order_by()
    since = beats.living(now).order_by("heard_since").values("heard_since")[:1]
    last = beats.order_by("-reported_at").values("reported_at")[:1]
    return drains.annotate(
        somebody_lives=reduce(or_, (Q(Exists(found)) for found in signs_of_life(now))),
        heard_since=Subquery(since),
        heard_at=Subquery(last),
    ).prefetch_related(Prefetch("statuses", _judged(DrainStatus.objects.all(), now)))


def _judged(statuses: QuerySet[DrainStatus], now: datetime) -> QuerySet[DrainStatus]:
    counts = ExpressionWrapper(spoken_by_the_living(now), BooleanField())
    return statuses.annotate(is_fresh=counts)


def status_of(drain: Drain) -> Status:
    """Asks for what was not fetched along (`with_statuses`)."""
    known: Any = drain  # with what is annotated
    if not hasattr(drain, "heard_at"):
        known = with_statuses(Drain.objects.filter(pk=drain.pk)).first() or drain
    return _status_of(drain, list(known.statuses.all()), known)


def _status_of(drain: Drain, rows: list[DrainStatus], known: Any) -> Status:
    """`known`: the drain, with what is annotated; one that is gone by now has nothing of it."""
    reported_at = _reported_at(drain, rows, getattr(known, "heard_at", None))
    is_silent = not getattr(known, "somebody_lives", False)
    fresh = [row for row in rows if getattr(row, "is_fresh", False)]
    gone = lag.gone(rows, fresh)
    owed = gone if fresh or is_silent else lag.owed(drain, gone)
    lines = lag.lag_messages(fresh, owed)
    state = state_of(
        {row.state for row in fresh},
        paused=drain.paused,
        has_delivered=any(row.lines_sent for row in rows),
        is_silent=is_silent,
    )
    errors = [(row.last_error_at, row.last_error) for row in rows if row.last_error_at]
    error_at, error = max(errors, default=(None, None))
    now = timezone.now()
    tries = (row.next_try_at for row in fresh if row.next_try_at and row.next_try_at > now)
    return Status(
        state=state,
        state_since=_since(drain, state, reported_at),
        reported_at=reported_at,
        next_try_at=min(tries, default=None),
        last_error=error,
        last_error_at=error_at,
        last_delivery_at=max(_moments(row.last_delivery_at for row in rows), default=None),
        lag_messages=lines,
        lag_is_estimate=lag.is_estimate(fresh) and (bool(fresh or lines) or is_silent),
        lag_seconds=lag.lag_seconds(fresh, next(iter(owed), None), now),
        lines_sent=sum(row.lines_sent for row in rows),
        bytes_sent=sum(row.bytes_sent for row in rows),
        lines_lost=sum(row.lines_lost for row in rows),
        lines_cut=sum(row.lines_cut for row in rows),
        certificate_ends_at=_certificate_ends_at(fresh, gone),
    )


def resumed(drains: QuerySet[Drain], now: datetime) -> None:
    """Of these, which are paused no more, workers may have nothing to say: then they are as they
    were before."""
    delivered = has_delivered()
    silent = drains.filter(state="paused").order_by()
    for state, of in (("live", silent.filter(delivered)), ("new", silent.filter(~delivered))):
        of.update(state=state, state_since=now, severity=SEVERITY[state_named(state)])


def certificates_seen(now: datetime) -> QuerySet[DrainStatus]:
    """Rows whose word on a receiver's certificate counts: of workers that are there; for a day of
    those that are gone, where none is there. It may be mended since, or lead elsewhere."""
    fresh = spoken_by_the_living(now)
    nobody = ~Exists(DrainStatus.objects.filter(fresh, drain=OuterRef("drain")))
    said = DrainStatus.objects.filter(certificate_ends_at__isnull=False)
    return said.filter(fresh | Q(reported_at__gte=now - CERTIFICATE_KNOWN) & nobody)


def nobody_reports() -> bool:
    """Whether no worker is left."""
    beats, words = (found.values_list("run") for found in signs_of_life(timezone.now()))
    return not beats.union(words, all=True).exists()


def heard_since(now: datetime) -> datetime | None:
    """Since when workers have been there; None: none is."""
    living = Heartbeat.objects.living(now).order_by("heard_since")
    return living.values_list("heard_since", flat=True).first()


def counts_by_state() -> dict[State, int]:
    """As lists show them, by what is stored."""
    rows = Drain.objects.order_by().values_list("paused", "state").annotate(n=Count("*"))
    return shown_states(rows, is_silent=nobody_reports())


def shown_states(rows: Iterable[tuple[Any, ...]], *, is_silent: bool) -> dict[State, int]:
    """How many are in each. `rows`: whether paused, the state that is stored, how many drains."""
    counts: dict[State, int] = {}
    for paused, stored, count in rows:
        state = stored_state(stored, paused=paused, is_silent=is_silent)
        counts[state] = counts.get(state, 0) + count
    return counts


def in_state(drains: QuerySet[Drain], state: State) -> QuerySet[Drain]:
    """Those that `status_of` would say this of, by what is stored with them."""
    if state == "paused":
        return drains.filter(paused=True)
    awake = drains.filter(paused=False)
    if nobody_reports():
        return awake if state == "unknown" else drains.none()
    return awake.filter(state__in=("", state) if state == "new" else (state,))


def _certificate_ends_at(
    fresh: Collection[DrainStatus], gone: Iterable[DrainStatus]
) -> datetime | None:
    oldest = timezone.now() - CERTIFICATE_KNOWN
    rows = fresh or [row for row in gone if row.reported_at >= oldest]
    return min(_moments(row.certificate_ends_at for row in rows), default=None)


def _reported_at(
    drain: Drain, rows: Iterable[DrainStatus], heard_at: datetime | None
) -> datetime | None:
    """When workers were heard, which say nothing of it while there is nothing to say."""
    at = [row.reported_at for row in rows if row.worker]
    at += [heard_at] if heard_at and heard_at >= drain.created_at else []
    return max(at, default=None)


def _since(drain: Drain, state: State, reported_at: datetime | None) -> datetime:
    """As workers have stored it; what they have not stored yet is younger than that."""
    if state == drain.state and drain.state_since is not None:
        return drain.state_since
    if state == "paused":
        return drain.updated_at
    if state == "unknown" and reported_at is not None:
        return min(reported_at + FRESH, timezone.now())
    if state == "new":
        return drain.created_at
    return reported_at or drain.created_at


def _moments(found: Iterable[datetime | None]) -> list[datetime]:
    return [moment for moment in found if moment is not None]

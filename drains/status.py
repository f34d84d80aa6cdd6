"""How a drain is doing: what its workers said last, put together when it is asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from drains.models import Drain, DrainStatus
from drains.states import State, state_of, stored_state

FRESH = timedelta(seconds=30)
"""A worker that has said nothing for longer is gone: its word on the state no longer counts."""
CERTIFICATE_KNOWN = timedelta(days=1)
"""So long what a worker saw counts that is gone."""


@dataclass(frozen=True, slots=True)
class Status:
    state: State
    state_since: datetime
    reported_at: datetime | None
    """When a worker spoke of it last."""
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
    lately = DrainStatus.objects.filter(reported_at__gte=timezone.now() - FRESH)
    return drains.annotate(someone_reports=Exists(lately)).prefetch_related("statuses")


def status_of(drain: Drain) -> Status:
    """Asks for what was not fetched along (`with_statuses`)."""
    rows: list[DrainStatus] = list(drain.statuses.all())
    reported_at = max((row.reported_at for row in rows if row.worker), default=None)
    fresh = _fresh(rows)
    gone = _gone(rows, fresh)
    state = state_of(
        {row.state for row in fresh},
        paused=drain.paused,
        has_delivered=any(row.lines_sent for row in rows),
        is_untold=not rows and _someone_reports(drain),
    )
    errors = [(row.last_error_at, row.last_error) for row in rows if row.last_error_at]
    error_at, error = max(errors, default=(None, None))
    return Status(
        state=state,
        state_since=_since(drain, state, reported_at),
        reported_at=reported_at,
        next_try_at=min(_moments(row.next_try_at for row in fresh), default=None),
        last_error=error,
        last_error_at=error_at,
        last_delivery_at=max(_moments(row.last_delivery_at for row in rows), default=None),
        lag_messages=_lag_messages(fresh, gone),
        lag_is_estimate=_is_estimate(fresh),
        lag_seconds=_lag_seconds(fresh, gone[0] if gone else None),
        lines_sent=sum(row.lines_sent for row in rows),
        bytes_sent=sum(row.bytes_sent for row in rows),
        lines_lost=sum(row.lines_lost for row in rows),
        lines_cut=sum(row.lines_cut for row in rows),
        certificate_ends_at=_certificate_ends_at(fresh, gone),
    )


def certificates_seen(now: datetime) -> QuerySet[DrainStatus]:
    """Rows whose word on a receiver's certificate counts: of workers that are there; for a day of
    those that are gone, where none is there. It may be mended since, or lead elsewhere."""
    fresh = Q(reported_at__gte=now - FRESH) & ~Q(state="")
    nobody = ~Exists(DrainStatus.objects.filter(fresh, drain=OuterRef("drain")))
    said = DrainStatus.objects.filter(certificate_ends_at__isnull=False)
    return said.filter(fresh | Q(reported_at__gte=now - CERTIFICATE_KNOWN) & nobody)


def _someone_reports(drain: Drain) -> bool:
    known: bool | None = getattr(drain, "someone_reports", None)
    return not nobody_reports() if known is None else known


def nobody_reports() -> bool:
    """Whether no worker is left that has said anything lately."""
    return not DrainStatus.objects.filter(reported_at__gte=timezone.now() - FRESH).exists()


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


def _fresh(rows: Collection[DrainStatus]) -> list[DrainStatus]:
    """What workers say of it that are there: one that ended in order says no state any more."""
    oldest = timezone.now() - FRESH
    return [row for row in rows if row.state and row.reported_at >= oldest]


def _gone(rows: Collection[DrainStatus], fresh: Collection[DrainStatus]) -> list[DrainStatus]:
    """What the others said last, the latest first."""
    gone = [row for row in rows if row.worker and row not in fresh]
    return sorted(gone, key=lambda row: row.reported_at, reverse=True)


def _is_estimate(fresh: Collection[DrainStatus]) -> bool:
    return not fresh or any(row.lag_is_estimate for row in fresh)


def _lag_messages(fresh: Collection[DrainStatus], gone: Iterable[DrainStatus]) -> int:
    """Workers count the lines that they meet, and not those of before their start; the one before
    them, if it ended in order, had: those are owed too, but for what has been done since."""
    owed = sum(row.lag_messages for row in fresh)
    done = _done(fresh)
    is_whole, is_last = not _is_estimate(fresh), not fresh
    for row in gone:
        if is_whole or (row.state and not is_last):
            break
        owed += max(row.lag_messages - done, 0)
        done += _done([row])
        is_whole, is_last = not row.lag_is_estimate, False
    return owed


def _lag_seconds(fresh: Collection[DrainStatus], gone: DrainStatus | None) -> float:
    """What was owed before has got older, as long as nothing has been done since."""
    lag = max((row.lag_seconds for row in fresh), default=0.0)
    if not fresh:
        return gone.lag_seconds if gone else lag
    if (
        gone is None
        or gone.state
        or not gone.lag_seconds
        or _done(fresh)
        or not _is_estimate(fresh)
    ):
        return lag
    return max(lag, gone.lag_seconds + (timezone.now() - gone.reported_at).total_seconds())


def _certificate_ends_at(
    fresh: Collection[DrainStatus], gone: Iterable[DrainStatus]
) -> datetime | None:
    oldest = timezone.now() - CERTIFICATE_KNOWN
    rows = fresh or [row for row in gone if row.reported_at >= oldest]
    return min(_moments(row.certificate_ends_at for row in rows), default=None)


def _done(rows: Iterable[DrainStatus]) -> int:
    return sum(row.lines_sent + row.lines_lost for row in rows)


def _since(drain: Drain, state: State, reported_at: datetime | None) -> datetime:
    """As workers have stored it; what they have not stored yet is younger than that."""
    if state == drain.state and drain.state_since is not None:
        return drain.state_since
    if state == "paused":
        return drain.updated_at
    if state == "unknown" and reported_at is not None:
        return reported_at + FRESH
    return reported_at or drain.created_at


def _moments(found: Iterable[datetime | None]) -> list[datetime]:
    return [moment for moment in found if moment is not None]

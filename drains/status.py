"""How a drain is doing: what its workers said last, put together when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.utils import timezone

from drains.models import Drain, DrainStatus

FRESH = timedelta(seconds=30)
"""A worker that has said nothing for longer is gone: its word on the state no longer counts."""

State = Literal["live", "replaying", "failing", "paused"]

# Of several workers the one that is worst off says how the drain is doing.
_BY_TROUBLE: tuple[State, ...] = ("failing", "replaying")


@dataclass(frozen=True, slots=True)
class Status:
    state: State
    last_error: str | None
    last_error_at: datetime | None
    last_delivery_at: datetime | None


def status_of(drain: Drain) -> Status:
    """Asks for rows that were not fetched along (`prefetch_related("statuses")`)."""
    rows: list[DrainStatus] = list(drain.statuses.all())
    errors = [(row.last_error_at, row.last_error) for row in rows if row.last_error_at]
    error_at, error = max(errors, default=(None, None))
    deliveries = [row.last_delivery_at for row in rows if row.last_delivery_at is not None]
    return Status(
        state=_state_of(drain, rows),
        last_error=error,
        last_error_at=error_at,
        last_delivery_at=max(deliveries, default=None),
    )


def _state_of(drain: Drain, rows: list[DrainStatus]) -> State:
    if drain.paused:
        return "paused"
    since = timezone.now() - FRESH
    said = {row.state for row in rows if row.reported_at >= since}
    return next((state for state in _BY_TROUBLE if state in said), "live")

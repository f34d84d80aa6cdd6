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
    lag_messages: int
    """Lines that it is behind; where nobody has seen them, offsets."""
    lag_seconds: float
    """Age of the oldest of them."""
    lines_sent: int
    bytes_sent: int
    lines_lost: int
    lines_cut: int
    """Sent, but too long to be sent whole."""
    is_known: bool
    """Whether a worker speaks of it."""


def status_of(drain: Drain) -> Status:
    """Asks for rows that were not fetched along (`prefetch_related("statuses")`)."""
    rows: list[DrainStatus] = list(drain.statuses.all())
    since = timezone.now() - FRESH
    fresh = [row for row in rows if row.state and row.reported_at >= since]
    errors = [(row.last_error_at, row.last_error) for row in rows if row.last_error_at]
    error_at, error = max(errors, default=(None, None))
    deliveries = [row.last_delivery_at for row in rows if row.last_delivery_at is not None]
    return Status(
        state=_state_of(drain, {row.state for row in fresh}),
        last_error=error,
        last_error_at=error_at,
        last_delivery_at=max(deliveries, default=None),
        lag_messages=sum(row.lag_messages for row in fresh),
        lag_seconds=max((row.lag_seconds for row in fresh), default=0.0),
        lines_sent=sum(row.lines_sent for row in rows),
        bytes_sent=sum(row.bytes_sent for row in rows),
        lines_lost=sum(row.lines_lost for row in rows),
        lines_cut=sum(row.lines_cut for row in rows),
        is_known=bool(fresh),
    )


def _state_of(drain: Drain, said: set[str]) -> State:
    if drain.paused:
        return "paused"
    return next((state for state in _BY_TROUBLE if state in said), "live")

"""What a drain lacks, put together from what its workers said: those that are there, and those that
are gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from drains.models import Drain, DrainStatus


def gone(rows: Collection[DrainStatus], fresh: Collection[DrainStatus]) -> list[DrainStatus]:
    """What the others said last, the latest first."""
    gone = [row for row in rows if row.worker and row not in fresh]
    return sorted(gone, key=lambda row: row.reported_at, reverse=True)


def owed(drain: Drain, gone: Collection[DrainStatus]) -> Collection[DrainStatus]:
    """What counts of those where no worker that lives says anything: one that ended in order has
    said what is owed. One that died counts until its word on the state has been put right."""
    is_right = drain.state not in ("failing", "replaying")
    died = any(row.state for row in list(gone)[:1])
    return () if died and is_right else gone


def is_estimate(fresh: Collection[DrainStatus]) -> bool:
    return not fresh or any(row.lag_is_estimate for row in fresh)


def lag_messages(fresh: Collection[DrainStatus], gone: Iterable[DrainStatus]) -> int:
    """Workers count the lines that they meet, and not those of before their start; the one before
    them, if it ended in order, had: those are owed too, but for what has been done since."""
    owed = sum(row.lag_messages for row in fresh)
    done = _done(fresh)
    is_whole, is_last = not is_estimate(fresh), not fresh
    for row in gone:
        if is_whole or (row.state and not is_last):
            break
        owed += max(row.lag_messages - done, 0)
        done += _done([row])
        is_whole, is_last = not row.lag_is_estimate, False
    return owed


def lag_seconds(fresh: Collection[DrainStatus], gone: DrainStatus | None, now: datetime) -> float:
    """What was owed before has got older, as long as nothing has been done since."""
    lag = max((_age(row, now) for row in fresh), default=0.0)
    if not fresh:
        return gone.lag_seconds if gone else lag
    if gone is None or gone.state or not gone.lag_seconds or _done(fresh) or not is_estimate(fresh):
        return lag
    return max(lag, gone.lag_seconds + (now - gone.reported_at).total_seconds())


def _age(row: DrainStatus, now: datetime) -> float:
    """Of its oldest line, which gets older while nothing is delivered: nobody writes that down."""
    if not row.lag_seconds or row.state == "live":
        return row.lag_seconds
    return row.lag_seconds + max((now - row.reported_at).total_seconds(), 0.0)


def _done(rows: Iterable[DrainStatus]) -> int:
    """In its own run."""
    return sum(row.lines_sent + row.lines_lost - row.lines_before for row in rows)

"""What workers say of drains, as rows: one a drain and worker."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.utils import timezone

from drains.models import Drain, DrainStatus
from shuttle.commit import heartbeat_rows
from shuttle.commit.drain_states import ROWS_AT_ONCE, locked, write_states
from shuttle.commit.store import FeedStatus, Speaker, Told

FIELDS = (*FeedStatus._fields[1:], "run", "reported_at")
RATES = ("sent_by_minute", "sent_by_quarter")


def read_statuses(speaker: Speaker, drain_ids: Collection[str]) -> Mapping[str, Told]:
    """What stands under its name."""
    rows = DrainStatus.objects.defer(None).filter(worker=speaker.name, drain_id__in=list(drain_ids))
    return {str(row.drain_id): _told(row) for row in rows}


def write_statuses(speaker: Speaker, statuses: Sequence[FeedStatus]) -> bool:
    """In place of what was said under its name before. Some at a time: whoever wants to change a
    drain may wait for those that are written with it. False: the name is another one's."""
    for start in range(0, len(statuses), ROWS_AT_ONCE):
        some = sorted(statuses[start : start + ROWS_AT_ONCE])
        try:
            is_ours = _write_some(speaker, some)
        except IntegrityError:  # a drain was deleted meanwhile: those that are there now stay
            is_ours = _write_some(speaker, some, locks_all=True)
        if not is_ours:
            return False
    return True


class _Before(NamedTuple):
    """How a row was."""

    run: str
    state: str
    has_delivered: bool


def _write_some(
    speaker: Speaker, statuses: Sequence[FeedStatus], *, locks_all: bool = False
) -> bool:
    """Locks a drain only where its row or its state may be new: others are looked at, no more."""
    with transaction.atomic():
        if not heartbeat_rows.beat(speaker):
            return False
        now, ids = timezone.now(), [status.drain_id for status in statuses]
        before = _before(speaker, ids)
        new = {of.drain_id for of in statuses if locks_all or _is_news(of, speaker, before)}
        drains = locked(new)
        rest = set(ids) - new
        there = drains.keys() | {str(of) for of in _there(rest)}
        rows = [status for status in statuses if status.drain_id in there]
        _write_rows(speaker, [of for of in rows if of.sent_by_minute is not None], FIELDS, now)
        without = [name for name in FIELDS if name not in RATES]
        _write_rows(speaker, [of for of in rows if of.sent_by_minute is None], without, now)
        # Whoever takes over from one that says its last may say the same: that is put right later.
        spoken = {of.drain_id for of in rows if of.state}
        write_states({of: drain for of, drain in drains.items() if of in spoken}, now)
    return True


def _before(speaker: Speaker, ids: Collection[str]) -> dict[str, _Before]:
    rows = DrainStatus.objects.filter(worker=speaker.name, drain_id__in=list(ids))
    found = rows.values_list("drain_id", "run", "state", "lines_sent")
    return {str(of): _Before(run, state, sent > 0) for of, run, state, sent in found}


def _is_news(status: FeedStatus, speaker: Speaker, rows: Mapping[str, _Before]) -> bool:
    """Whether the drain's own row may change with it, or has to be there for a row that is new."""
    now = _Before(speaker.run, status.state, status.lines_sent > 0)
    return rows.get(status.drain_id) != now


def _there(ids: Collection[str]) -> Collection[object]:
    return Drain.objects.order_by().filter(pk__in=list(ids)).values_list("pk", flat=True)


def _write_rows(
    speaker: Speaker, statuses: Sequence[FeedStatus], fields: Sequence[str], now: datetime
) -> None:
    """Where there is one, these fields of it. What was sent when is most of a row, and is only
    written along when it has changed."""
    DrainStatus.objects.bulk_create(
        [_row(speaker, status, now) for status in statuses],
        update_conflicts=True,
        unique_fields=["drain", "worker"],
        update_fields=fields,
    )


def _row(speaker: Speaker, status: FeedStatus, now: datetime) -> DrainStatus:
    values = status._asdict() | {name: getattr(status, name) or "" for name in RATES}
    moments = {name: _moment(values[name]) for name in values if name.endswith("_at")}
    name, run = speaker
    return DrainStatus(worker=name, run=run, reported_at=now, **{**values, **moments})


def _told(row: DrainStatus) -> Told:
    values = {name: getattr(row, name) for name in FeedStatus._fields}
    moments = {name: _seconds(values[name]) for name in values if name.endswith("_at")}
    status = FeedStatus(**{**values, **moments, "drain_id": str(row.drain_id)})
    return Told(status, row.reported_at.timestamp())


def _moment(epoch_seconds: float | None) -> datetime | None:
    return None if epoch_seconds is None else datetime.fromtimestamp(epoch_seconds, UTC)


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()

"""What has happened to drains: what was done to them, and how their states went. Kept for a while,
also of those that are gone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from drains.models import DrainEvent
from events.changes import Change


def note(changes: Iterable[Change]) -> None:
    """What somebody did to drains. A test line changes nothing of one."""
    now = timezone.now()
    write(
        _event(change.id, change.owner, change.about, change.what, now)
        for change in changes
        if change.kind == "drain" and change.what != "tested"
    )


def state_event(
    drain_id: object, owner: str, address: str, state: str, why: str, at: datetime
) -> DrainEvent:
    """A failure is of another kind than the rest, so that of a minute in which a drain failed and
    was well again both stay."""
    what = state if state == "failing" else "state"
    return _event(drain_id, owner, address, what, at, state=state, why=why)


def told_once() -> QuerySet[DrainEvent]:
    """Without states that are what somebody did: a pause is in it already."""
    return DrainEvent.objects.exclude(state="paused")


def write(events: Iterable[DrainEvent]) -> None:
    """Of what is the same within a minute, the last one stays."""
    DrainEvent.objects.bulk_create(
        list({(each.drain, each.what): each for each in events}.values()),
        update_conflicts=True,
        unique_fields=["drain", "what", "minute"],
        update_fields=["at", "state", "why", "owner", "address"],
    )


def _event(
    drain_id: object, owner: str, address: str, what: str, at: datetime, **more: str
) -> DrainEvent:
    minute = at.replace(second=0, microsecond=0)
    return DrainEvent(
        drain=str(drain_id), owner=owner, address=address, what=what, minute=minute, at=at, **more
    )

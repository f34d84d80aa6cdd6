"""Under which name a worker speaks of drains, and that it lives: one row each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain

from django.db import transaction
from django.utils import timezone

from drains.models import Heartbeat
from drains.status_models import FRESH
from shuttle.commit.store import Place, Speaker

SLOTS_MAX = 1000
HOST_CHARACTERS = 180
BREAK = timedelta(minutes=5)
"""Lines that come while a worker is away for less are its next run's to send and to count."""


def take_name(place: Place, run: str, *, is_start: bool) -> Speaker:
    """Its rows go on where a former run has left them, which has no say from now on."""
    now = timezone.now()
    with transaction.atomic():
        taken = Heartbeat.objects.filter(name__in=list(_names(place))).order_by("name")
        rows = {row.name: row for row in taken.select_for_update()}
        process = place.process if is_start else None
        name = next(of for of in _names(place) if _is_free(rows.get(of), process, now))
        row = rows.get(name) or Heartbeat(name=name, heard_since=now, reported_at=now)
        if row.reported_at < now - BREAK:
            row.heard_since = now
        row.run, row.process, row.has_ended = run, place.process, False
        row.began_at = row.reported_at = now
        row.save(force_insert=name not in rows)
    return Speaker(name, run)


def beat(speaker: Speaker, *, has_ended: bool = False) -> bool:
    """Nobody takes the name before the transaction ends in which this is."""
    ours = Heartbeat.objects.filter(name=speaker.name, run=speaker.run)
    ends = {"has_ended": True} if has_ended else {}
    return bool(ours.update(reported_at=timezone.now(), **ends))


def _names(place: Place) -> Iterator[str]:
    host = place.host[:HOST_CHARACTERS]
    others = (slot for slot in range(SLOTS_MAX) if slot != place.slot)
    return (f"{host}:{slot}" for slot in chain([place.slot], others))


def _is_free(row: Heartbeat | None, process: int | None, now: datetime) -> bool:
    """`process`: ours, which has just begun; None: nothing can be told by processes."""
    if row is None or row.has_ended or row.reported_at < now - FRESH:
        return True
    return process is not None and not (row.process != process and _is_running(row.process))


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        return True
    return True

"""What workers say of drains, without them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from drains.models import Heartbeat
from drains.status_models import FRESH
from shuttle.commit import status_rows
from shuttle.commit.store import FeedStatus, Speaker


def alive(worker: str, run: str = "") -> Speaker:
    """It has just been heard."""
    now, run = timezone.now(), run or f"{worker} 1"
    began = {"process": 1, "began_at": now, "heard_since": now}
    row, _ = Heartbeat.objects.get_or_create(name=worker, defaults={"reported_at": now, **began})
    row.run, row.reported_at, row.has_ended = run, now, False
    row.save()
    return Speaker(worker, run)


def dead(*workers: str, ago: timedelta = FRESH + timedelta(seconds=1)) -> None:
    """They were heard so long ago for the last time."""
    Heartbeat.objects.filter(name__in=workers).update(reported_at=timezone.now() - ago)


def write_statuses(worker: str, statuses: Sequence[FeedStatus]) -> None:
    assert status_rows.write_statuses(alive(worker), statuses)

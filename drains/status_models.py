"""What workers say of drains, and that they live."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q

FRESH = timedelta(seconds=30)
"""A worker that has not been heard for longer is gone: its word on states no longer counts."""


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    def living(self, now: datetime) -> HeartbeatQuerySet:
        return self.filter(has_ended=False, reported_at__gte=now - FRESH)


class Heartbeat(models.Model):
    """That a worker lives. What it has said of drains stands as long as it does: rows of those that
    nothing happens to are not written again."""

    name = models.CharField(primary_key=True, max_length=200)
    """Its host and its place there: the same after a restart, and nobody else's while it lives."""
    run = models.CharField(max_length=32, unique=True)
    """Of this start alone: what a former one has said counts no more."""
    process = models.IntegerField()
    """Its id on that host."""
    began_at = models.DateTimeField()
    heard_since = models.DateTimeField()
    """Since when somebody of this name has been there, short breaks aside."""
    reported_at = models.DateTimeField()
    has_ended = models.BooleanField(default=False)
    """In order, or another has its name by now."""

    objects = HeartbeatQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} at {self.reported_at}"


class StatusManager(models.Manager["DrainStatus"]):
    def get_queryset(self) -> models.QuerySet[DrainStatus]:
        """Without what is most of a row, and only a drain's own page shows: `defer(None)`."""
        return super().get_queryset().defer("sent_by_quarter")


class DrainStatus(models.Model):
    """What one worker last said of one drain; without a worker's name: the sums of those gone. It
    counts while that worker lives in this run (`spoken_by_the_living`).

    No row: nothing has ever happened. No state: it ended in order, and has no say any more.
    """

    drain = models.ForeignKey("drains.Drain", on_delete=models.CASCADE, related_name="statuses")
    worker = models.CharField(max_length=200)
    run = models.CharField(max_length=32, default="", db_default="")
    """Empty: of a version that knew none, and told of every drain again and again."""
    state = models.CharField(max_length=16)
    last_error = models.TextField(blank=True, default="")
    last_error_at = models.DateTimeField(null=True)
    last_delivery_at = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField(null=True)
    certificate_ends_at = models.DateTimeField(null=True, db_index=True)
    """The receiver's, as it was last seen in a handshake."""
    lag_is_estimate = models.BooleanField(default=False, db_default=False)
    lag_messages = models.BigIntegerField(default=0)
    lag_seconds = models.FloatField(default=0)
    lines_sent = models.BigIntegerField(default=0)
    """This and the next ones: with those of its former runs."""
    bytes_sent = models.BigIntegerField(default=0)
    lines_lost = models.BigIntegerField(default=0)
    lines_cut = models.BigIntegerField(default=0, db_default=0)
    lines_before = models.BigIntegerField(default=0, db_default=0)
    """So many of those that were sent or lost are its former runs'."""
    lines_lately = models.BigIntegerField(default=0, db_default=0)
    """Sent in the hour before it was reported."""
    sent_by_minute = models.TextField(default="", db_default="")
    """As drains/rates.py has it, as the next."""
    sent_by_quarter = models.TextField(default="", db_default="")
    reported_at = models.DateTimeField()

    objects = StatusManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["drain", "worker"], name="drain_status_once_a_worker")
        ]
        indexes = [
            models.Index(fields=["worker"], name="drain_status_worker"),
            # Not of `reported_at`, which every write changes.
            models.Index(
                fields=["worker"],
                condition=Q(run="") & ~Q(worker=""),
                name="drain_status_without_run",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} at {self.worker}"


def without_run(to_status: str = "") -> Q:
    """Statuses of workers of a version that knew no runs: each of its starts had another name."""
    return Q(**{f"{to_status}run": ""}) & ~Q(**{f"{to_status}worker": ""})


def spoken_by_the_living(now: datetime, to_status: str = "") -> Q:
    """Statuses that count. `to_status`: the way to them, from what is asked for."""
    living = Heartbeat.objects.living(now).values("run")
    of_a_run = Q(**{f"{to_status}run__in": living})
    of_none = without_run(to_status) & Q(**{f"{to_status}reported_at__gte": now - FRESH})
    return (of_a_run | of_none) & ~Q(**{f"{to_status}state": ""})


def signs_of_life(now: datetime) -> tuple[models.QuerySet[Any], models.QuerySet[Any]]:
    """A worker is there if there is a row of any of these."""
    old = DrainStatus.objects.filter(without_run(), reported_at__gte=now - FRESH)
    return Heartbeat.objects.living(now), old.exclude(state="")


def has_delivered() -> Exists:
    """Of a drain: whether any line of it was ever confirmed, by any worker."""
    return Exists(DrainStatus.objects.filter(drain=OuterRef("pk"), lines_sent__gt=0))

"""What has changed of drains since somebody looked, by numbers."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class RouteVersion(models.Model):
    """One row, counted up by every change of drains: workers look at nothing else."""

    number = models.BigIntegerField(default=1)
    stamped = models.BigIntegerField(default=0, db_default=0)
    """How many changes have said of which drains they are: the version before says of none."""
    forgotten = models.BigIntegerField(default=0, db_default=0)
    """Up to here nobody knows any more which drains have gone."""


class GoneDrain(models.Model):
    """One that was deleted, for workers that had followed it."""

    drain = models.UUIDField()
    changed = models.BigIntegerField(db_index=True)
    """The number of that change."""
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.drain} is gone"

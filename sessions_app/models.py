"""Tail sessions: what one shows, and for how long."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from events.owner_columns import OwnedQuerySet, OwnerColumns, one_owner
from sessions_app.tail.session import Selection, Session

TEXT_CHARACTERS_MAX = 1000


class TailSessionQuerySet(OwnedQuerySet["TailSession"]):
    def alive(self, now: datetime) -> TailSessionQuerySet:
        return self.filter(ends_at__gt=now, revoked_at=None)


class TailSession(OwnerColumns):
    """One URL that shows the lines of one app, or of one site, to whoever has it."""

    name = models.CharField(max_length=64, unique=True, editable=False)
    """A digest of the id, which is nowhere stored."""
    lines = models.PositiveIntegerField()
    tail = models.BooleanField()
    sources = models.JSONField(default=list)
    processes = models.JSONField(default=list)
    streams = models.JSONField(default=list)
    text = models.CharField(max_length=TEXT_CHARACTERS_MAX, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    opened_at = models.DateTimeField(null=True, editable=False)
    """When somebody first read it."""
    ends_at = models.DateTimeField(db_index=True, editable=False)
    """Before it is opened: until when it can be."""
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = TailSessionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [one_owner("tail_session_of_an_app_or_of_a_site")]

    def __str__(self) -> str:
        return f"tail of {self.key}"

    @property
    def is_over(self) -> bool:
        return self.revoked_at is not None or timezone.now() >= self.ends_at

    @property
    def state(self) -> str:
        """`new` until it is first read, then `open`; in the end `revoked` or `over`."""
        if self.is_over:
            return "over" if self.revoked_at is None else "revoked"
        return "new" if self.opened_at is None else "open"

    @property
    def session(self) -> Session:
        """The plain value that everything below the web works with."""
        return Session(
            name=self.name,
            selection=Selection(
                self.key,
                frozenset(self.sources),
                frozenset(self.processes),
                frozenset(self.streams),
                self.text,
            ),
            lines=self.lines,
            tail=self.tail,
            ends_at=self.ends_at.timestamp(),
        )


FRESH = timedelta(seconds=30)
"""A process that has said nothing for longer is gone: nobody reads there."""


class ViewersQuerySet(models.QuerySet["Viewers"]):
    def fresh(self, now: datetime) -> ViewersQuerySet:
        return self.filter(reported_at__gte=now - FRESH)


class Viewers(models.Model):
    """How many read one session in one web process; without a session: in the process at all."""

    process = models.CharField(max_length=200)
    session = models.CharField(max_length=64, blank=True, default="", db_index=True)
    """Its name."""
    viewers = models.PositiveIntegerField()
    reported_at = models.DateTimeField()
    keys = models.JSONField(null=True)
    """Which the process has (events.key_names); null: in the row of a session, or it is of a
    version that does not say so."""

    objects = ViewersQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["process", "session"], name="viewers_once_a_process_and_session"
            )
        ]

    def __str__(self) -> str:
        return f"{self.viewers} at {self.process}"


class TailRollup(models.Model):
    """What one web process served in a minute or an hour."""

    process = models.CharField(max_length=200)
    span = models.CharField(max_length=8)
    """minute or hour."""
    begins_at = models.DateTimeField()
    figures = models.JSONField()
    """`open`: seconds that tails were open, all together, and the most at a time; `lines` that went
    to them, by kind of output; `cost`: microseconds of CPU that these figures themselves took."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["process", "span", "begins_at"], name="tail_rollup_once_a_process_and_span"
            )
        ]
        indexes = [models.Index(fields=["span", "begins_at"], name="tail_rollup_span")]

    def __str__(self) -> str:
        return f"{self.span} {self.begins_at} of {self.process}"

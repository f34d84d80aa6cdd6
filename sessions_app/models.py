"""Tail sessions: what one shows, and for how long."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone

from events.keys import AppKey, Key, SiteKey
from sessions_app.tail.session import Selection, Session

KEY_CHARACTERS_MAX = 255
TEXT_CHARACTERS_MAX = 1000


class TailSessionQuerySet(models.QuerySet["TailSession"]):
    def of(self, key: Key) -> TailSessionQuerySet:
        """Sessions of one app or one site."""
        return self.filter(**columns_of(key))

    def alive(self, now: datetime) -> TailSessionQuerySet:
        return self.filter(ends_at__gt=now, revoked_at=None)


def columns_of(key: Key) -> dict[str, str]:
    """All three, so that an app's session never matches a site's."""
    return {"app": "", "space": "", "site": "", **key._asdict()}


class TailSession(models.Model):
    """One URL that shows the lines of one app, or of one site, to whoever has it."""

    name = models.CharField(max_length=64, unique=True, editable=False)
    """A digest of the id, which is nowhere stored."""
    app = models.CharField(max_length=KEY_CHARACTERS_MAX, blank=True, default="")
    space = models.CharField(max_length=KEY_CHARACTERS_MAX, blank=True, default="")
    site = models.CharField(max_length=KEY_CHARACTERS_MAX, blank=True, default="")
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
        constraints = [
            models.CheckConstraint(
                condition=(~Q(app="") & ~Q(space="") & Q(site=""))
                | (Q(app="") & Q(space="") & ~Q(site="")),
                name="tail_session_of_an_app_or_of_a_site",
            ),
        ]

    def __str__(self) -> str:
        return f"tail of {self.key}"

    @property
    def key(self) -> Key:
        return SiteKey(self.site) if self.site else AppKey(self.app, self.space)

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

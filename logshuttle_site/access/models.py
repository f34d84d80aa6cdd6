"""Keys of the REST API that are kept here. What is kept of one opens nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from logshuttle_site.access.key_text import PREFIX_CHARACTERS
from logshuttle_site.access.reach import EVERYTHING

NAME_CHARACTERS_MAX = 100


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def alive(self, now: datetime) -> Self:
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)


class ApiKey(models.Model):
    """One key. It is never deleted, so that what was done with it has a name."""

    prefix = models.CharField(max_length=PREFIX_CHARACTERS, unique=True, editable=False)
    name = models.CharField(max_length=NAME_CHARACTERS_MAX)
    digest = models.CharField(max_length=64, editable=False)
    """Of the whole key: key_text.py."""
    pepper = models.CharField(max_length=16, editable=False)
    """Which SECRET_KEY the digest hangs on."""
    scopes = models.JSONField(default=list)
    """Of events.access.Scope."""
    reach = models.JSONField(default=list)
    """Entries, as reach.py has them; empty for operators' keys, which reach everything."""
    replaces = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="successors"
    )
    """Which of the same owner it was made for, while both are alive."""
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    """Empty: it is good until it is revoked."""
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    """Within a minute."""

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = "key"

    def __str__(self) -> str:
        return f"{self.prefix} ({self.name})"

    @property
    def state(self) -> str:
        """alive, expired or revoked: by now."""
        if self.revoked_at is not None:
            return "revoked"
        is_over = self.expires_at is not None and self.expires_at <= timezone.now()
        return "expired" if is_over else "alive"

    @property
    def reaches(self) -> str:
        """For people."""
        is_all = "operator" in self.scopes or EVERYTHING in self.reach
        return "everything" if is_all else ", ".join(self.reach)

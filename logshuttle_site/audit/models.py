"""What somebody has changed, one row each. Rows are added, and forgotten when they are old; nothing
else is ever done to one."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NoReturn

from django.db import models


class AppendOnlyError(Exception):
    """Somebody wanted to change the record of what was done."""

    def __init__(self) -> None:
        super().__init__("entries of the audit are neither changed nor deleted")


class EntryQuerySet(models.QuerySet["Entry"]):
    def update(self, **values: Any) -> NoReturn:
        raise AppendOnlyError

    def delete(self) -> NoReturn:
        raise AppendOnlyError

    def forget(self, before: datetime, most: int) -> int:
        """The oldest ones, as AUDIT_DAYS has it. How many there were."""
        old = self.filter(at__lt=before).order_by("at").values_list("pk", flat=True)
        count, _ = models.QuerySet.delete(self.filter(pk__in=list(old[:most])))
        return count


class Entry(models.Model):
    """One thing that was done: by whom, from where, to what. Without secrets (changes.Change)."""

    at = models.DateTimeField()
    actor_kind = models.CharField("by", max_length=16)
    """As acting.Actor has it, like the next three."""
    actor = models.CharField("who", max_length=200)
    address = models.CharField("from", max_length=64)
    request_id = models.CharField("request", max_length=64)
    kind = models.CharField(max_length=32)
    object_id = models.CharField("id", max_length=64)
    what = models.CharField(max_length=32)
    owner = models.CharField("whose", max_length=520)
    about = models.TextField()
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "audit entry", "audit entries"
        default_permissions = ("view",)
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["at", "id"], name="audit_at"),
            models.Index(fields=["kind", "at"], name="audit_kind"),
            models.Index(fields=["actor", "at"], name="audit_actor"),
            models.Index(fields=["owner", "at"], name="audit_owner"),
            models.Index(fields=["object_id"], name="audit_object"),
            models.Index(fields=["request_id"], name="audit_request"),
        ]

    def __str__(self) -> str:
        return f"{self.actor or self.actor_kind} {self.what} {self.about or self.kind}"

    def save(self, *args: Any, **options: Any) -> None:
        """Raises AppendOnlyError for one that is there."""
        if not self._state.adding:
            raise AppendOnlyError
        super().save(*args, **{**options, "force_insert": True})

    def delete(self, *args: Any, **options: Any) -> NoReturn:
        raise AppendOnlyError

"""Writes down what is announced, in the transaction that does it: neither is there without the
other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from events.acting import Actor, acting
from events.changes import Change
from logshuttle_site.audit import topic
from logshuttle_site.audit.models import Entry

_LONGEST = {
    field.name: field.max_length
    for field in Entry._meta.fields
    if isinstance(field, models.CharField)
}


def record(changes: Sequence[Change]) -> None:
    now, actor = timezone.now(), acting()
    entries = [_entry(change, actor, now) for change in changes]
    Entry.objects.bulk_create(entries)
    if settings.AUDIT_TOPIC and entries:
        # Nobody fails, or waits, for it.
        transaction.on_commit(lambda: topic.post(entries), robust=True)


def _entry(change: Change, actor: Actor, at: datetime) -> Entry:
    """A name that is too long for its column is cut: nothing is undone for it."""
    texts = {
        "actor_kind": actor.kind,
        "actor": actor.name,
        "address": actor.address,
        "request_id": actor.request_id,
        "kind": change.kind,
        "object_id": change.id,
        "what": change.what,
        "owner": change.owner,
    }
    cut = {name: text[: _LONGEST[name]] for name, text in texts.items()}
    return Entry(
        at=at, about=change.about, before=dict(change.before), after=dict(change.after), **cut
    )

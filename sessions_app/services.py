"""The only writers of sessions, and of what the cache knows of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from drains.moments import rfc3339
from events.changes import Change, announce
from events.keys import Key
from events.owner_columns import columns_of
from sessions_app.errors import TooManyError, UnknownSessionError
from sessions_app.ids import new_id
from sessions_app.models import TailSession, TailSessionQuerySet
from sessions_app.past import Past
from sessions_app.remembered import data_of, row_of
from sessions_app.tail.session import Selection

logger = logging.getLogger(__name__)

OPENS_WITHIN = timedelta(minutes=5)
LIVES = timedelta(hours=1)
KEPT = timedelta(days=1)
"""How long one that is over is told from one that never was."""
FRESH_SECONDS = 5
"""A process that does not share the cache hears of a revocation after this time at the latest."""
REMEMBERED_BYTES_MAX = 2048
"""Rows with longer filters are looked up each time: a cache has a bound in bytes."""


def open_session(selection: Selection, past: Past) -> tuple[str, TailSession]:
    """A new session and its id, which nobody can find out later. Raises TooManyError."""
    now = timezone.now()
    TailSession.objects.filter(ends_at__lt=now - KEPT).delete()
    _refuse_too_many(selection.key, now)
    session_id, name = new_id()
    row = TailSession(
        name=name,
        **columns_of(selection.key),
        **past._asdict(),
        sources=sorted(selection.sources),
        processes=sorted(selection.processes),
        streams=sorted(selection.streams),
        text=selection.text,
        created_at=now,
        ends_at=now + OPENS_WITHIN,
    )
    with transaction.atomic():
        row.save(force_insert=True)
        announce(_change(row, "opened", _told(row)))
    remember(row)
    logger.debug("Session %s opened: %s", row.name, row.key, extra={"action": "tail_opened"})
    return session_id, row


def begin(row: TailSession) -> TailSession:
    """Its hour begins when it is first read; whoever comes second changes nothing.

    Raises UnknownSessionError when it has ended by now.
    """
    if row.opened_at is not None:
        return row
    now = timezone.now()
    unread = TailSession.objects.alive(now).filter(pk=row.pk, opened_at=None)
    if unread.update(opened_at=now, ends_at=now + LIVES):
        row.opened_at, row.ends_at = now, now + LIVES
    else:
        row.refresh_from_db()
    remember(row)
    if row.is_over:
        raise UnknownSessionError(is_over=True)
    logger.debug("Session %s is read", row.name, extra={"action": "tail_read"})
    return row


def revoke(row: TailSession) -> None:
    """Nobody can open it any more, and those who read it are cut off within seconds."""
    now = timezone.now()
    with transaction.atomic():
        if TailSession.objects.alive(now).filter(pk=row.pk).update(revoked_at=now):
            announce(_change(row, "revoked"))
    cache.delete(_key(row.name))
    logger.debug("Session %s revoked", row.name, extra={"action": "tail_revoked"})


def remember(row: TailSession) -> None:
    if len(data := data_of(row)) <= REMEMBERED_BYTES_MAX:
        cache.set(_key(row.name), data, FRESH_SECONDS)
    cache.set(_known_key(row.name), True, LIVES.seconds)


def remembered(name: str) -> TailSession | None:
    return row_of(cache.get(_key(name)), name)


def has_heard_of(name: str) -> bool:
    """Whether it has been remembered within the hour: who asks for it again is no guesser."""
    return cache.get(_known_key(name)) is True


def _change(row: TailSession, what: str, after: Mapping[str, Any] | None = None) -> Change:
    return Change("session", row.name, what, row.owner_name, str(row), after=after or {})


def _told(row: TailSession) -> dict[str, Any]:
    """What it shows; of its filters those that are set."""
    more = {name: getattr(row, name) for name in ("sources", "processes", "streams", "text")}
    more |= {name: rfc3339(at) for name in ("since", "until") if (at := getattr(row, name))}
    return {"lines": row.lines, "tail": row.tail, **{n: of for n, of in more.items() if of}}


def _refuse_too_many(key: Key, now: datetime) -> None:
    """Two at the same moment may both be the last: the limit is there to bound, not to count."""
    alive = TailSession.objects.alive(now)
    _refuse_full(alive.of(key), settings.MAX_SESSIONS_PER_APP, str(key), now)
    _refuse_full(alive, settings.MAX_SESSIONS, "all apps together", now)


def _refuse_full(alive: TailSessionQuerySet, limit: int, whose: str, now: datetime) -> None:
    if alive.count() < limit:
        return
    first = alive.order_by("ends_at").first()
    wait = (first.ends_at - now).total_seconds() if first else 1.0
    raise TooManyError(f"{limit} log sessions are open for {whose}: no more than that", wait)


def _key(name: str) -> str:
    return f"tail-session-{name}"


def _known_key(name: str) -> str:
    return f"tail-session-known-{name}"

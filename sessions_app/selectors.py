"""Sessions by their ids. Read through the cache, so that any web process can serve them."""

from __future__ import annotations

from collections.abc import Collection

from channels.db import database_sync_to_async  # type: ignore[import-untyped]

from sessions_app import guess_limit, services
from sessions_app.alive import AliveSessions
from sessions_app.errors import SessionError, TooManyError, UnknownSessionError
from sessions_app.ids import name_of
from sessions_app.models import TailSession
from sessions_app.tail.session import Session

_alive = AliveSessions()


def find_session(session_id: str, asker: str = "") -> Session | None:
    """The session that an id opens; its hour begins with the first who asks.

    None where there is none, or none any more. `asker`: an address, by which guesses are counted.
    Raises only what the database raises when it is away.
    """
    try:
        return services.begin(look_up(session_id, asker)).session
    except SessionError:
        return None


async def afind_session(session_id: str, asker: str = "") -> Session | None:
    found: Session | None = await database_sync_to_async(find_session)(session_id, asker)
    return found


def look_up(session_id: str, asker: str | None) -> TailSession:
    """A session that can be read, opened or not. `asker`: the address of one who has no key.

    Raises UnknownSessionError, or TooManyError for an asker who guesses. One that exists is found
    by whoever asks, also from an address that guesses.
    """
    name = name_of(session_id)
    row = services.remembered(name) if name else None
    if row is None:
        row = _stored(name) if asker is None else _stored_for(asker, name)
        services.remember(row)
    if row.is_over:
        raise UnknownSessionError(is_over=True)
    return row


def _stored_for(asker: str, name: str | None) -> TailSession:
    if name and services.has_heard_of(name):
        return _stored(name)
    try:
        with guess_limit.limited(asker):
            return _stored(name)
    except TooManyError:
        if name not in _alive:
            raise
        return _stored(name)


def _stored(name: str | None) -> TailSession:
    row = TailSession.objects.filter(name=name).first() if name else None
    if row is None:
        raise UnknownSessionError
    return row


def revoked_among(names: Collection[str]) -> frozenset[str]:
    """Which of these running sessions have been revoked: one query for all of a process."""
    revoked = TailSession.objects.filter(name__in=names).exclude(revoked_at=None)
    return frozenset(revoked.values_list("name", flat=True))

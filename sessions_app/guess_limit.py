"""Who asks for sessions that do not exist: so many a minute, then no more for that minute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from events.addresses import peer_of
from events.limits import Limit
from sessions_app.errors import TooManyError, UnknownSessionError

GUESSES = Limit("tail-guesses", settings.RATE_LIMIT_UNKNOWN, 60)


@contextmanager
def limited(asker: str) -> Iterator[None]:
    """A look-up for an address. Raises TooManyError where it has guessed too often by now."""
    peer = peer_of(asker)
    if wait := GUESSES.wait(peer):
        raise TooManyError("too many unknown log sessions were asked for", wait)
    try:
        yield
    except UnknownSessionError:
        GUESSES.spend(peer)
        raise

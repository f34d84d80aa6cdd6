"""Who asks for sessions that do not exist: so many a minute, then no more for that minute."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache

from events.addresses import peer_of
from sessions_app.errors import TooManyError, UnknownSessionError

GUESSES_A_MINUTE = 100


@contextmanager
def limited(asker: str) -> Iterator[None]:
    """A look-up for an address. Raises TooManyError where it has guessed too often by now."""
    key = f"tail-guesses-{peer_of(asker)}-{int(time.time() // 60)}"
    if cache.get(key, 0) >= GUESSES_A_MINUTE:
        raise TooManyError("too many unknown log sessions were asked for", 60 - time.time() % 60)
    try:
        yield
    except UnknownSessionError:
        _note(key)
        raise


def _note(key: str) -> None:
    if not cache.add(key, 1, 60):
        _count(key)


def _count(key: str) -> None:
    try:
        cache.incr(key)
    except ValueError:  # its minute has just ended
        return

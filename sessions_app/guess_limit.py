"""Who asks for sessions that do not exist: so many a minute, then no more for that minute."""

from __future__ import annotations

import time

from django.core.cache import cache

from events.addresses import peer_of
from sessions_app.errors import TooManyError

GUESSES_A_MINUTE = 100


def count(asker: str) -> None:
    """One more, by this address. Raises TooManyError where those were too many."""
    now = time.time()
    if _guesses(f"tail-guesses-{peer_of(asker)}-{int(now // 60)}") > GUESSES_A_MINUTE:
        raise TooManyError("too many unknown log sessions were asked for", 60 - now % 60)


def _guesses(key: str) -> int:
    if cache.add(key, 1, 60):
        return 1
    try:
        return cache.incr(key) or 1  # None where the cache is away
    except ValueError:  # its minute has just ended
        return 1

"""Who asks for sessions that do not exist: so many a minute, then no more for that minute."""

from __future__ import annotations

import time
from ipaddress import IPv6Address, ip_address

from django.core.cache import cache

from sessions_app.errors import TooManyError

GUESSES_A_MINUTE = 100


def refuse_guesser(asker: str) -> None:
    """Raises TooManyError for an address that has guessed too often in this minute."""
    if cache.get(_key(asker), 0) >= GUESSES_A_MINUTE:
        raise TooManyError("too many unknown log sessions were asked for", 60 - time.time() % 60)


def note(asker: str) -> None:
    key = _key(asker)
    if not cache.add(key, 1, 60):
        _count(key)


def _count(key: str) -> None:
    try:
        cache.incr(key)
    except ValueError:  # its minute has just ended
        return


def _key(asker: str) -> str:
    return f"tail-guesses-{_neighbourhood(asker)}-{int(time.time() // 60)}"


def _neighbourhood(asker: str) -> str:
    """An IPv6 client has a whole /64 to ask from."""
    try:
        address = ip_address(asker)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        return address.exploded[:19]
    return str(address)

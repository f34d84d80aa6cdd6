"""Who asks for sessions that do not exist: so many a minute, then no more for that minute."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address

from django.core.cache import cache

from sessions_app.errors import TooManyError, UnknownSessionError

GUESSES_A_MINUTE = 100


@contextmanager
def limited(asker: str) -> Iterator[None]:
    """A look-up for an address. Raises TooManyError where it has guessed too often by now."""
    key = f"tail-guesses-{_neighbourhood(asker)}-{int(time.time() // 60)}"
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


def _neighbourhood(asker: str) -> str:
    """An IPv6 client has a whole /64 to ask from."""
    try:
        address = ip_address(asker)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return address.exploded[:19]
    return str(address)

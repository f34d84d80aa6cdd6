"""How often somebody may ask: an address with keys that nobody knows, and each API key.

AUTH_KEY is exempt; so are probes, and the reading of a session that exists. Who sends a key that is
known is never refused for what others of the same address send.
"""

from __future__ import annotations

from django.conf import settings
from rest_framework.exceptions import APIException, Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from events.addresses import peer_of
from events.limits import Limit
from logshuttle_site.access.errors import EndedKeyFailed

_MINUTE = 60


class TooOftenError(Throttled):
    extra_detail_singular = extra_detail_plural = "Try again in {wait} s."


class SessionThrottle(BaseThrottle):
    """Counts what asks for log sessions with an API key: at views, or actions of them, whose
    `throttle_scope` is `sessions`."""

    def allow_request(self, request: Request, view: object) -> bool:
        """Raises TooOftenError, which says of what there was too much."""
        prefix = getattr(request.user, "prefix", "")  # which AUTH_KEY has not
        if prefix and getattr(view, "throttle_scope", "") == "sessions":
            _count("log sessions", "key-sessions", settings.RATE_LIMIT_SESSIONS, prefix)
        return True


def count_request(prefix: str) -> None:
    """Of an API key, whatever becomes of it: what a scope forbids is one too. Raises
    TooOftenError."""
    _count("requests", "key-requests", settings.RATE_LIMIT_KEY, prefix)


def unknown_key(exc: APIException, request: Request) -> APIException:
    """What is told instead of this 401: itself, unless its address has had too many of them."""
    limit = Limit("unknown-keys", settings.RATE_LIMIT_UNKNOWN, _MINUTE)
    wait = limit.spend(peer_of(request.META.get("REMOTE_ADDR", "")))
    why = "too many requests without a key that is known came from this address."
    if isinstance(exc, EndedKeyFailed):
        why = f"{exc.detail}."
    return TooOftenError(wait, why) if wait else exc


def _count(what: str, name: str, most: int, prefix: str) -> None:
    if wait := Limit(name, most, _MINUTE).spend(prefix):
        raise TooOftenError(wait, f"this key has had its {most} {what} of a minute.")

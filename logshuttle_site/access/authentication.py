"""Who sends this request: whoever has AUTH_KEY, or an API key."""

from __future__ import annotations

import hmac
from typing import Any

from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.request import Request

from events.access import Caller
from events.acting import act_as
from logshuttle_site.access.callers import Operator
from logshuttle_site.access.errors import EndedKeyError, EndedKeyFailed
from logshuttle_site.access.known_keys import holder_of
from logshuttle_site.throttles import count_request

MISSING = "send your key as `Authorization: <key>`"
UNKNOWN = "the key in the Authorization header is not known"

_BEARER = "bearer "


class KeyAuthentication(BaseAuthentication):
    """`Authorization: <key>`, raw as the original has it, or `Bearer <key>`. AUTH_KEY may itself
    begin with `Bearer `, so what was given counts whole first."""

    def authenticate(self, request: Request) -> tuple[Any, None]:
        given = request.META.get("HTTP_AUTHORIZATION", "")
        if not given:
            raise NotAuthenticated(MISSING)
        return _caller_of(given), None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _caller_of(given: str) -> Caller:
    forms = [given, given[len(_BEARER) :]] if given[: len(_BEARER)].lower() == _BEARER else [given]
    if name := next(filter(None, map(_operators_key, forms)), ""):
        act_as("key", name)
        return Operator()
    try:
        holder = holder_of(forms[-1].strip())
    except EndedKeyError as error:
        raise EndedKeyFailed(str(error)) from None
    if holder is None:
        raise AuthenticationFailed(UNKNOWN)
    act_as("key", str(holder))
    count_request(holder.prefix)
    return holder


def _operators_key(given: str) -> str:
    """Which setting has it: AUTH_KEY, or that of those before it; empty: neither."""
    # Bytes: compare_digest refuses text that is not ASCII. A header's text is latin-1.
    # Which has letters whose bytes are blanks of Unicode.
    given_bytes = given.strip(" \t").encode("latin-1", "replace")
    keys = (settings.AUTH_KEY, *settings.AUTH_KEY_FALLBACKS)
    is_equal = [bool(key) & hmac.compare_digest(given_bytes, key.encode()) for key in keys]
    if not any(is_equal):
        return ""
    return "AUTH_KEY" if is_equal[0] else "AUTH_KEY_FALLBACKS"

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
from logshuttle_site.access.errors import EndedKeyError
from logshuttle_site.access.known_keys import holder_of

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
    if any(map(_is_operators, forms)):
        act_as("key", "AUTH_KEY")
        return Operator()
    try:
        holder = holder_of(forms[-1].strip())
    except EndedKeyError as error:
        raise AuthenticationFailed(str(error)) from None
    if holder is None:
        raise AuthenticationFailed(UNKNOWN)
    act_as("key", str(holder))
    return holder


def _is_operators(given: str) -> bool:
    """AUTH_KEY, or one of those before it."""
    # Bytes: compare_digest refuses text that is not ASCII. A header's text is latin-1.
    given_bytes = given.strip().encode("latin-1", "replace")
    keys = filter(None, (settings.AUTH_KEY, *settings.AUTH_KEY_FALLBACKS))
    is_equal = [hmac.compare_digest(given_bytes, key.encode()) for key in keys]
    return any(is_equal)

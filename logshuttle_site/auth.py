"""Who may use the REST API: whoever has AUTH_KEY."""

from __future__ import annotations

import hmac
from typing import Any

from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from events.access import Scope
from events.acting import act_as
from events.owners import Owner


class Operator:
    """Holds AUTH_KEY: may do everything, and sees URLs as they were given."""

    is_authenticated = True

    def may(self, scope: Scope) -> bool:
        return True

    def reaches(self, owner: Owner) -> bool:
        return True


MISSING = "send your key as `Authorization: <key>`"


class KeyAuthentication(BaseAuthentication):
    """`Authorization: <key>`, raw as the original has it, or `Bearer <key>`. A key may itself begin
    with `Bearer `, so what was given counts whole first."""

    def authenticate(self, request: Request) -> tuple[Any, None]:
        given = request.META.get("HTTP_AUTHORIZATION", "")
        if not given:
            raise NotAuthenticated(MISSING)
        if _is_key(given) or (given[:7].lower() == "bearer " and _is_key(given[7:])):
            act_as("key", "AUTH_KEY")
            return Operator(), None
        raise AuthenticationFailed("the key in the Authorization header is not known")

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _is_key(given: str) -> bool:
    # Bytes: compare_digest refuses text that is not ASCII. A header's text is latin-1.
    key, given_bytes = settings.AUTH_KEY.encode(), given.strip().encode("latin-1", "replace")
    return bool(key) and hmac.compare_digest(given_bytes, key)


class HasKey(BasePermission):
    message = MISSING

    def has_permission(self, request: Request, view: object) -> bool:
        return isinstance(request.user, Operator)

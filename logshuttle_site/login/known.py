"""Browsers in which somebody has logged in before: a signed cookie says who.

Guesses of others lock nobody out of such a browser: tries from it are counted by themselves.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

COOKIE = "logged-in-before"
DAYS = 30
_SALT = "logshuttle.login.known"


def browser_of(request: HttpRequest, user: str) -> str:
    """A name for the browser, if this user has logged in there; else ""."""
    known = request.get_signed_cookie(COOKIE, default="", salt=_SALT, max_age=DAYS * 86_400)
    if not user or known != _digest(user):
        return ""
    return hashlib.sha256(request.COOKIES[COOKIE].encode()).hexdigest()


def remember(answer: HttpResponseBase, user: str) -> None:
    answer.set_signed_cookie(
        COOKIE,
        _digest(user),
        salt=_SALT,
        max_age=DAYS * 86_400,
        path=reverse("admin:login"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def _digest(user: str) -> str:
    """A cookie takes no name beyond latin-1, and tells nobody of one."""
    return hashlib.sha256(user.encode()).hexdigest()


def is_known(request: HttpRequest, credentials: dict[str, Any] | None) -> bool:
    """AXES_WHITELIST_CALLABLE."""
    return bool(browser_of(request, str((credentials or {}).get("username") or "")))

"""Log-ins of the admin, those that failed, and log-outs."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

from events.acting import acting, acting_as
from events.changes import Change, announce
from events.limits import Limit

UNKNOWN = "unknown user"
FAILED = Limit("audit-failed-logins", 1000, 3600)
"""So many are written down: anybody can fail."""


def listen() -> None:
    user_logged_in.connect(_logged_in)
    user_logged_out.connect(_logged_out)
    user_login_failed.connect(_failed)


def _logged_in(user: Any, **_: Any) -> None:
    _say(user, "logged in")


def _logged_out(user: Any, **_: Any) -> None:
    if user is not None:
        _say(user, "logged out")


def _failed(credentials: dict[str, Any], request: Any = None, **_: Any) -> None:
    """Where a password was looked at. A name that is none may be a password in the wrong field."""
    if getattr(request, "axes_locked_out", False) or FAILED.spend("all"):
        return
    users = get_user_model()._default_manager
    user = users.filter(username=str(credentials.get("username", ""))).first()
    _say(user, "failed to log in")


def _say(user: Any, what: str) -> None:
    """Whoever it is acts in this, and is not known to act in anything else."""
    name, key = (user.get_username(), str(user.pk)) if user else (UNKNOWN, "")
    with acting_as(acting()._replace(kind="user", name=name)):
        announce(Change("login", key, what, "", name))

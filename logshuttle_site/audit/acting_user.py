"""Who acts on pages: whoever has logged in. Keys say it where they are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from events.acting import act_as


class ActingUser:
    """Middleware, behind Django's own that knows users. Only pages have any: whose session it is
    costs a question of the database. The log-in is nobody's yet (logins.py)."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponseBase | None:
        path = request.path_info
        if not path.startswith("/admin/") or path == "/admin/login/":
            return None
        if request.user.is_authenticated:
            act_as("user", request.user.get_username())
        return None

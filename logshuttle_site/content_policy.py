"""What a browser may do with an answer of ours, whatever it is: one policy for the site, and one
for the admin. A page that sets its own (a tail's) keeps it."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from sessions_app.page import OWN_FILES_ALONE

_STRICT = "; ".join([*OWN_FILES_ALONE, "frame-ancestors 'none'"])
SITE = f"{_STRICT}; form-action 'none'"
"""Our own files, also for those files; nothing is posted, and no frame holds it."""
# The frame's Alpine makes functions of attributes; no line of a log is ever on these pages.
_THEMED = _STRICT.replace("script-src 'self'", "script-src 'self' 'unsafe-eval'; font-src 'self'")
_ADMIN, _LOGIN = "/admin/", "/admin/login/"


class ContentPolicy:
    """Of probes and problems too: what a browser shows of them is text and stays text."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info  # as it came: who is behind this may take a slash from it
        answer = self._get_response(request)
        policy = _admins(path) if path.startswith(_ADMIN) else SITE
        answer.headers.setdefault("Content-Security-Policy", policy)
        answer.headers.setdefault("X-Content-Type-Options", "nosniff")
        return answer


def _admins(path: str) -> str:
    """The login is a page without the theme's scripts. A tail's button leads to where sessions are
    served: a policy on forms holds for that too."""
    theirs = "/".join((settings.SESSION_URL or "").split("/")[:3])
    ours = _THEMED if settings.ADMIN_THEME and path != _LOGIN else _STRICT
    return f"{ours}; form-action 'self' {theirs}".strip()

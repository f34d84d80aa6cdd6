"""Where a session is read."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def session_url(request: HttpRequest, session_id: str) -> str:
    """Under SESSION_URL, else under the origin that the request was sent to."""
    base = settings.SESSION_URL or request.build_absolute_uri("/")
    return f"{base.rstrip('/')}/log-sessions/{session_id}"

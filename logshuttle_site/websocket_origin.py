"""WebSockets are for our own pages: a browser says whose page asks, and other programs do not."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from logshuttle_site.errors import wrong_names
from logshuttle_site.hosts import is_served

NOT_OURS = "the name, or the page that asks, is none of ours: ALLOWED_HOSTS has others"


class OwnPagesOnly:
    """403 to the handshake of another site's page, and for a Host that is none of ours."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name: value.decode("latin1") for name, value in scope["headers"]}
        if _is_ours(headers.get(b"host", ""), headers.get(b"origin", "")):
            await self._application(scope, receive, send)
        else:
            wrong_names.say(_asked_by(scope), 403, NOT_OURS)
            await refuse(scope, receive, send)


async def refuse(scope: Any, receive: Any, send: Any) -> None:
    """403 to the handshake."""
    await receive()
    await send({"type": "websocket.close"})


def _asked_by(scope: Any) -> HttpRequest:
    request = HttpRequest()
    request.method, request.path = "WebSocket", scope["path"]
    request.META["REMOTE_ADDR"] = (scope.get("client") or [""])[0]
    return request


def _is_ours(host: str, origin: str) -> bool:
    if not is_served(host):
        return False
    if not origin:
        return True
    own = {*settings.CSRF_TRUSTED_ORIGINS, settings.SESSION_URL.rstrip("/")}
    return origin in own or urlsplit(origin).netloc.lower() == host.lower()

"""What daphne, or another ASGI server, runs."""

from __future__ import annotations

import os
from typing import Any

import django
from channels.routing import ProtocolTypeRouter, URLRouter  # type: ignore[import-untyped]
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "logshuttle_site.settings")

django.setup(set_prefix=False)

# Models can be imported only now.
from logshuttle_site.handler import Handler  # noqa: E402
from logshuttle_site.peers import Peers, TrustedProxies  # noqa: E402
from logshuttle_site.shared_cache.allowance import begin_request  # noqa: E402
from logshuttle_site.websocket_origin import OwnPagesOnly, refuse  # noqa: E402
from sessions_app.process import tell_of_tails  # noqa: E402
from sessions_app.routing import websocket_urlpatterns  # noqa: E402

_sessions = OwnPagesOnly(URLRouter(websocket_urlpatterns))


async def _websocket(scope: Any, receive: Any, send: Any) -> None:
    """Answers as urls.py does: without sessions no WebSockets, and none elsewhere."""
    has_sessions = settings.RUN_SESSION is not False
    takes = has_sessions and any(
        route.resolve(scope["path"][1:]) for route in websocket_urlpatterns
    )
    await (_sessions if takes else refuse)(scope, receive, send)


_served = Peers(
    ProtocolTypeRouter({"http": Handler(), "websocket": _websocket}),
    TrustedProxies(settings.TRUSTED_PROXIES),
)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """A process that serves tails tells of them from the first request on. A connection of a
    WebSocket is a request."""
    if settings.RUN_SESSION is not False:
        tell_of_tails()
    begin_request()
    await _served(scope, receive, send)

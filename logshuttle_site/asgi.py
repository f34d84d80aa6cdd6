"""What daphne, or another ASGI server, runs."""

from __future__ import annotations

import os
from typing import Any

from channels.routing import ProtocolTypeRouter  # type: ignore[import-untyped]
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "logshuttle_site.settings")


async def _refuse(scope: Any, receive: Any, send: Any) -> None:
    """No path takes WebSockets: 403 to the handshake."""
    await receive()
    await send({"type": "websocket.close"})


application = ProtocolTypeRouter({"http": get_asgi_application(), "websocket": _refuse})

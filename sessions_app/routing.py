"""WebSockets of log sessions, as Channels wants their paths."""

from __future__ import annotations

from django.urls import re_path

from sessions_app.sockets import TailConsumer

websocket_urlpatterns = [
    re_path("^log-sessions/(?P<session_id>[^/]+)/ws/?$", TailConsumer.as_asgi())
]

"""WebSockets of log sessions, as Channels wants their paths."""

from __future__ import annotations

from django.urls import path

from sessions_app.sockets import TailConsumer

websocket_urlpatterns = [path("log-sessions/<str:session_id>/ws", TailConsumer.as_asgi())]

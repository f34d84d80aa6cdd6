from __future__ import annotations

from django.urls import path

from sessions_app.api import LogSessionViewSet, SocketAddressView

urlpatterns = [
    path("log-sessions", LogSessionViewSet.as_view({"post": "create"})),
    path(
        "log-sessions/<str:session_id>",
        LogSessionViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="log-session",
    ),
    path("log-sessions/<str:session_id>/ws", SocketAddressView.as_view()),
]

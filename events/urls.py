from __future__ import annotations

from django.urls import path

from events.api import LogEvents

urlpatterns = [path("log-events", LogEvents.as_view())]

"""All paths but the probes (middleware.py). What is not open by name here needs the key."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView

from logshuttle_site.openapi.views import DocsView, SchemaView
from logshuttle_site.overview.api import OverviewFigures
from logshuttle_site.views import NothingHere, home, no_favicon

admin.autodiscover()

_OPEN: list[URLPattern | URLResolver] = [
    path("favicon.ico", no_favicon),
]
_CONTROL_PLANE: list[URLPattern | URLResolver] = [
    path("admin", RedirectView.as_view(url="/admin/")),
    path("", home),
    path("", include("logshuttle_site.overview.page")),
    path("admin/", admin.site.urls),
    path("overview", OverviewFigures.as_view()),
    path("api/schema", SchemaView.as_view()),
    path("api/docs", DocsView.as_view(), name="api-docs"),
    path("", include("drains.urls")),
    path("", include("events.urls")),
]
_SESSIONS: list[URLPattern | URLResolver] = [
    path("", include("sessions_app.urls")),
]

urlpatterns = [
    *_OPEN,
    # RUN_SESSION: a process of its own for log sessions, away from all else.
    *([] if settings.RUN_SESSION is False else _SESSIONS),
    *([] if settings.RUN_SESSION else _CONTROL_PLANE),
    re_path("", NothingHere.as_view()),
]

handler400 = "logshuttle_site.errors.bad_request"
handler403 = "logshuttle_site.errors.forbidden"
handler404 = "logshuttle_site.errors.not_found"
handler500 = "logshuttle_site.errors.server_error"

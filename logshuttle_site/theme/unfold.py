"""What django-unfold is told, which is settings.UNFOLD. It wants dotted paths, or functions of a
request."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static


def icon(request: HttpRequest) -> str:
    return static("sessions_app/icon.svg")


def frame(request: HttpRequest) -> str:
    return static("theme/frame.css")


def environment(request: HttpRequest) -> list[str] | None:
    """What the bar says, and in which of its colours."""
    name = settings.ENVIRONMENT
    return [name, "danger" if name.lower().startswith("prod") else "info"] if name else None


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Log shuttle",
    "SITE_HEADER": "Log shuttle",
    "SITE_URL": None,
    "SHOW_HISTORY": False,  # a drain has its own
    "SITE_ICON": icon,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": icon}],
    "ENVIRONMENT": f"{__name__}.environment",
    "STYLES": [frame],
    "SIDEBAR": {"navigation": "logshuttle_site.theme.navigation.navigation"},
}

from __future__ import annotations

from django.urls import URLPattern, path

from drains.all_drains import AllDrains
from drains.api import AppDrains, DrainViewSet, SiteDrains


def _routes(prefix: str, viewset: type[DrainViewSet]) -> list[URLPattern]:
    one = f"{prefix}/<str:key>/log-drains/<str:drain_id>"
    return [
        path(f"{prefix}/<str:key>/log-drains", viewset.as_view({"get": "list", "post": "create"})),
        path(f"{prefix}/<str:key>/log-drains/test", viewset.as_view({"post": "try_new"})),
        path(
            one,
            viewset.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        ),
        path(f"{one}/pause", viewset.as_view({"post": "pause"})),
        path(f"{one}/resume", viewset.as_view({"post": "resume"})),
        path(f"{one}/retry", viewset.as_view({"post": "retry"})),
        path(f"{one}/replay", viewset.as_view({"post": "replay"})),
        path(f"{one}/test", viewset.as_view({"post": "test"})),
    ]


urlpatterns = [
    *_routes("apps", AppDrains),
    *_routes("sites", SiteDrains),
    path("log-drains", AllDrains.as_view()),
]

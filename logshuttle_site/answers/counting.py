"""Counts what is answered, by its route: the pattern of the URLconf, never the path, which anybody
can make up."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from logshuttle_site import health
from logshuttle_site.answers.metrics import ANSWERS

NOBODYS = "none"
"""What has no route: paths that nobody serves, names that are not ours, methods unknown."""

_PARAMETER = re.compile(r"<(?:[^<>:]+:)?([^<>:]+)>")


class Counted:
    """Middleware around all others. A stream is counted when it begins."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        answer = self._get_response(request)
        ANSWERS.count(route_of(request), answer.status_code, time.perf_counter() - began)
        return answer


def route_of(request: HttpRequest) -> str:
    """As the API's description writes it. Asked when the request has been answered."""
    path = request.path_info
    if path in health.PROBES or path == "/":
        return path
    if path.startswith(settings.STATIC_URL):
        return settings.STATIC_URL
    match = request.resolver_match
    return _shown(match.route) if match is not None and match.route else NOBODYS


@lru_cache(1024)
def _shown(route: str) -> str:
    """`apps/<str:key>/log-drains` → `/apps/{key}/log-drains`."""
    return "/" + _PARAMETER.sub(r"{\1}", route)

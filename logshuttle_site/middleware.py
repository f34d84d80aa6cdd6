"""What every request meets before Django's own middleware, whatever the server."""

from __future__ import annotations

import random
import re
import time
import uuid
from collections.abc import Callable
from http import HTTPMethod

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import connection
from django.http import HttpRequest, HttpResponseBase
from django.urls import resolve

from events.acting import Actor, acting_as
from events.database_faults import DatabaseFault
from events.database_trouble import troubles
from logshuttle_site import health
from logshuttle_site.errors import CONFLICT, RefusalsAtTimes, problem_page, wrong_names
from logshuttle_site.hosts import host_of, is_served
from sessions_app.api import PAGE, media_type_of

CONFLICT_TRIES = 4
CONFLICT_WAIT_SECONDS = 0.05

_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9-]{8,64}", re.ASCII)

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class RequestId:
    """`X-Request-Id`: the client's, if it is harmless, else a new one. All that is done until there
    is an answer is of this request."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if _ACCEPTABLE_ID.fullmatch(given) else str(uuid.uuid4())
        with acting_as(Actor("nobody", "", request.META.get("REMOTE_ADDR", ""), request_id)):
            answer = self._get_response(request)
        answer.headers["X-Request-Id"] = request_id
        return answer


class Probes:
    """Answers probes before all else: they send any Host, speak plain HTTP, and want no session."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        probe = health.PROBES.get(request.path_info)
        if probe is None:
            return self._get_response(request)
        if request.method in ("GET", "HEAD"):
            return probe(request)
        answer = problem_page(405, "a probe takes GET and HEAD only")
        answer.headers["Allow"] = "GET, HEAD"
        return answer


class KnownMethods:
    """501 for a method that nobody knows, whatever the path: Django's views and DRF's look a method
    up among their attributes, by its name."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response
        self._unknown = RefusalsAtTimes()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method in HTTPMethod.__members__:
            return self._get_response(request)
        why = f"the method is not known here: {', '.join(HTTPMethod)} are"
        self._unknown.say(request, 501, why)
        answer = problem_page(501, why)
        answer._has_been_logged = True  # type: ignore[attr-defined]  # or Django says each
        return answer


class AnyHost:
    """Only pages ask under which name they are: the API, sessions and probes answer under any.
    Nobody is sent on to a name that is not ours, so plain HTTP that is to become HTTPS asks too."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        host = host_of(request)
        if not is_served(host) and (_is_page(request) or _becomes_https(request)):
            why = "pages and redirects are not served under this name: ALLOWED_HOSTS has others"
            wrong_names.say(request, 400, why)
            return problem_page(400, why)
        # Django's own refuses whatever is not in ALLOWED_HOSTS, whoever asks.
        request.get_host = lambda: host  # type: ignore[method-assign]
        return self._get_response(request)


def _is_page(request: HttpRequest) -> bool:
    match = resolve(request.path_info)
    is_session = match.view_name == "log-session"
    is_ours = match.app_name == "admin" or match.view_name == "api-docs"
    return is_ours or (is_session and media_type_of(request) == PAGE)


def _becomes_https(request: HttpRequest) -> bool:
    return settings.SECURE_SSL_REDIRECT and not request.is_secure()


class TrailingSlash:
    """Every route takes one, as in the original; the admin's pages have their own."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if len(path) > 1 and not path.startswith("/admin/"):
            request.path_info = path.removesuffix("/")
        return self._get_response(request)


class BodyLength:
    """A body that comes in chunks has no length, and nobody reads it without one."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "Transfer-Encoding" in request.headers:
            request.META["CONTENT_LENGTH"] = str(self._length_of(request))
        return self._get_response(request)

    @staticmethod
    def _length_of(request: HttpRequest) -> int:
        try:
            return len(request.body)
        except RequestDataTooBig:
            return settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1  # 413 for those who have the key


class DatabaseConflicts:
    """What the database undid for the sake of others (a deadlock, a serialization) is done again:
    all of it, if nothing of it stands, as the body is still there. Where a transaction before the
    one that was undone was committed, that would do its part twice: 503."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        stands = _commits()
        for attempt in range(CONFLICT_TRIES):
            answer = self._get_response(request)
            error = request.META.pop(CONFLICT, None)
            if error is None:
                return answer
            if _commits() != stands:
                break
            # Not all at once, who stood in each other's way.
            time.sleep(random.uniform(0, CONFLICT_WAIT_SECONDS * (attempt + 1)))  # noqa: S311
        troubles.note(error, DatabaseFault.CONFLICT)
        return answer


def _commits() -> int:
    """Of this thread so far. SQLite undoes nothing for others, and nobody counts them there."""
    return getattr(connection, "commits", 0)

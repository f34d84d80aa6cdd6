"""One shape for every error: RFC 9457 problem details, with `message` for the original's clients.

`{"type", "title", "status", "detail", "message"}`, and `errors: [{"field", "detail"}]` where
fields are wrong.
"""

from __future__ import annotations

import logging
import math
import sys
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from threading import Lock
from typing import Any
from urllib.parse import quote

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.defaults import page_not_found, permission_denied
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from drains.errors import (
    ChangedDrainError,
    DrainError,
    InvalidDrainError,
    KafkaAwayError,
    PausedDrainError,
    TwinDrainError,
    UnknownDrainError,
)
from events.database_faults import DatabaseFault, fault_of
from events.database_trouble import troubles
from logshuttle_site.problems import CONTENT_TYPE, problem
from logshuttle_site.throttles import unknown_key
from sessions_app.errors import InvalidSessionError, TooManyError, UnknownSessionError

logger = logging.getLogger(__name__)

AT_TIMES_SECONDS = 1.0
"""How often it is told what anybody can have refused."""

CONFLICT = "logshuttle.database_conflict"
"""Where a request has the error by which the database chose others; see DatabaseConflicts."""

_RETRY_SECONDS = "5"
_OWNER_CHARACTERS_MAX, _LOGGED_CHARACTERS_MAX = 100, 500
_PATH_CHARACTERS = "/:;,@!$&*()+=[]{}|~"


def problem_response(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. None: not an error that a client is told about."""
    if isinstance(exc, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        exc = unknown_key(exc, context["request"])
    if (fault := fault_of(exc)) is DatabaseFault.CONFLICT:
        set_rollback()
        return None  # for who tries the whole of it again
    body = problem(503, _said(fault)) if fault else _problem_of(exc)
    if body is None:
        return None
    set_rollback()
    headers = {}
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(math.ceil(wait))
    if body["status"] == HTTPStatus.SERVICE_UNAVAILABLE:
        if fault:
            troubles.note(exc, fault)
        else:
            logger.error("Cannot answer: %s", exc, extra={"action": "unavailable"})
        headers["Retry-After"] = _RETRY_SECONDS
    else:
        say = _too_often.say if body["status"] == HTTPStatus.TOO_MANY_REQUESTS else say_refused
        owner = str(getattr(context["view"], "owner", ""))
        say(context["request"], body["status"], body["detail"], owner)
    answer = Response(body, body["status"], headers=headers, content_type=CONTENT_TYPE)
    answer._has_been_logged = bool(fault)  # type: ignore[attr-defined]  # or Django says each
    return answer


def _problem_of(exc: Exception) -> dict[str, Any] | None:
    match exc:
        case Http404():
            return problem(404, "there is nothing here")
        case PermissionDenied():
            return problem(403, "this is not allowed")
        case InvalidDrainError():
            return wrong_fields([{"field": field, "detail": why} for field, why in exc.faults])
        case TwinDrainError():
            return problem(409, str(exc), id=exc.twin_id)
        case UnknownDrainError():
            return problem(404, str(exc))
        case ChangedDrainError():
            return problem(412, str(exc), changed=exc.members)
        case PausedDrainError():
            return problem(409, str(exc))
        case KafkaAwayError():
            return problem(503, str(exc))
        case DrainError():
            return problem(422, str(exc))
        case InvalidSessionError():
            return wrong_fields(
                [{"field": name, "detail": why} for name, why in exc.faults.items()]
            )
        case UnknownSessionError():
            return problem(404, str(exc))
        case TooManyError():
            return problem(429, str(exc))
        case exceptions.ValidationError():
            return wrong_fields(list(_field_errors(exc.detail)))
        case exceptions.APIException():
            return problem(exc.status_code, str(exc.detail))
    return None


def wrong_fields(errors: list[dict[str, str]]) -> dict[str, Any]:
    """422. `errors`: `{"field", "detail"}` of each."""
    said = "; ".join(f"{error['field']}: {error['detail']}" for error in errors)
    return problem(422, said, errors=errors)


def _field_errors(detail: Any) -> Iterator[dict[str, str]]:
    for field, messages in detail.items():
        for message in messages:
            yield {"field": field, "detail": str(message)}


def problem_page(status: int, detail: str) -> JsonResponse:
    """Problem details as an answer where DRF has no hand in it."""
    return JsonResponse(problem(status, detail), status=status, content_type=CONTENT_TYPE)


def _said(fault: DatabaseFault) -> str:
    return f"the database {fault.value}; try again soon"


def say_refused(request: HttpRequest, status: int, why: str, owner: str = "") -> None:
    """One line for operators. `owner`: whose lines it was about, where the path does not say it.

    No query, header or body: they may hold secrets. A session's id is taken out by our log, which
    finds it up to where its path ends: so that has neither blanks nor quotes.
    """
    whose = f" for {owner[:_OWNER_CHARACTERS_MAX]}" if owner else ""
    said = f"{request.method} {quote(request.path, _PATH_CHARACTERS)}{whose}: {status} {why}"
    client = request.META.get("REMOTE_ADDR", "")
    logger.warning("Refused %s", _on_one_line(said), extra={"action": "refused", "client": client})


class RefusalsAtTimes:
    """Tells of what anybody can have refused, as fast as they like: at times one line, and in the
    next one how many there were meanwhile."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said_at = -math.inf
        self._unsaid = 0
        self._lock = Lock()  # each request has a thread of its own

    def say(self, request: HttpRequest, status: int, why: str, owner: str = "") -> None:
        with self._lock:
            now = self._clock()
            if now - self._said_at < AT_TIMES_SECONDS:
                self._unsaid += 1
                return
            others = f" (and {self._unsaid} more since the last one)" if self._unsaid else ""
            self._said_at, self._unsaid = now, 0
        say_refused(request, status, why + others, owner)


wrong_names = RefusalsAtTimes()
"""Of pages and of their WebSockets together."""
_too_often = RefusalsAtTimes()


def _on_one_line(text: str) -> str:
    shown = "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
    return shown[:_LOGGED_CHARACTERS_MAX]


# Handlers of urls.py: what is refused where DRF has no hand in it, which are the admin's pages.


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:
    if not isinstance(exception, SuspiciousOperation):  # which Django's own log has already
        say_refused(request, 400, str(exception))
    return problem_page(400, "this request cannot be understood")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    say_refused(request, 403, str(exception) or "this is not allowed")
    return permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    say_refused(request, 404, "there is nothing here")
    return page_not_found(request, exception)


def server_error(request: HttpRequest) -> JsonResponse:
    """Also of what fails around views, as a page's session does."""
    error = sys.exc_info()[1]
    fault = fault_of(error) if error else None
    if error is None or fault is None:
        return problem_page(500, "something went wrong here; it has been logged")
    if fault is DatabaseFault.CONFLICT:
        request.META[CONFLICT] = error
    else:
        troubles.note(error, fault)
    answer = problem_page(503, _said(fault))
    answer.headers["Retry-After"] = _RETRY_SECONDS
    answer._has_been_logged = True  # type: ignore[attr-defined]  # or Django says each, at length
    return answer

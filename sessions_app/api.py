"""REST: log sessions are opened and revoked with a key, and read without: the id is the secret."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Any

from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse
from django.http.request import MediaType
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, NotFound, ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from events.access import Scope, caller_of
from sessions_app import selectors, services
from sessions_app.download import download_of
from sessions_app.errors import UnknownSessionError
from sessions_app.links import session_url
from sessions_app.page import page_response, problem_page
from sessions_app.serializers import TailRequest, seen_by
from sessions_app.stream import file_response, stream_response
from sessions_app.viewers_limit import refuse_full

TEXT, EVENTS, RECORDS, PAGE = "text/plain", "text/event-stream", "application/x-ndjson", "text/html"

_SECRET_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


class LogSessionViewSet(ViewSet):
    scopes = {"create": Scope.SESSIONS, "destroy": Scope.SESSIONS}
    http_method_names = ("get", "head", "post", "delete")
    owner = ""
    """Whose lines are asked for: for the log, when they are refused."""

    @property
    def throttle_scope(self) -> str:
        return "sessions" if self.action == "create" else ""

    def create(self, request: Request) -> Response:
        asked = TailRequest(data=request.data)
        self.owner = asked.owner
        if not request.body:  # DRF takes no body at all for an empty object
            raise ParseError("the body is empty; a JSON object is expected")
        asked.is_valid(raise_exception=True)
        selection, past = asked.selection, asked.past
        if not caller_of(request).reaches(selection.key):
            raise NotFound("No such app or site found")
        session_id, _ = services.open_session(selection, past)
        url = session_url(request._request, session_id)
        return Response({"id": session_id, "logplex_url": url}, status=201)

    def retrieve(self, request: Request, session_id: str) -> HttpResponseBase:
        """The stream, or the page that shows it. HEAD begins nothing."""
        wanted = media_type_of(request._request)
        file = download_of(request._request.GET)
        try:
            row = selectors.look_up(session_id, request.META.get("REMOTE_ADDR", ""))
            session = seen_by(row.session, request._request.GET)
            session = replace(session, tail=False) if file else session
            if request.method == "HEAD":
                if wanted != PAGE:
                    refuse_full(row.session)
                return HttpResponse(content_type=wanted)
            session = replace(session, ends_at=services.begin(row).session.ends_at)
        except UnknownSessionError as error:
            if error.is_over and wanted == EVENTS:
                return HttpResponse(status=204)  # or a browser asks again for ever
            raise
        if wanted == PAGE and file is None:
            return page_response(request._request, session)
        # A request keeps its thread to its end: a stream must not keep a connection there too.
        close_old_connections()
        if file is not None:
            return file_response(request._request, session, file)
        last_seen = request.headers.get("Last-Event-ID")
        return stream_response(request._request, session, wanted, last_event_id=last_seen)

    def destroy(self, request: Request, session_id: str) -> HttpResponse:
        row = selectors.look_up(session_id, None)
        if not caller_of(request).reaches(row.key):
            raise UnknownSessionError
        services.revoke(row)
        return HttpResponse(status=204)

    def get_authenticators(self) -> list[BaseAuthentication]:
        return [] if self._is_reading else super().get_authenticators()

    def get_permissions(self) -> Any:
        return [] if self._is_reading else super().get_permissions()

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        if self._is_reading and isinstance(response, Response):  # only errors are
            response = _for_people(request._request, response)
        answer = super().finalize_response(request, response, *args, **kwargs)
        for name, value in _SECRET_HEADERS.items():
            answer.setdefault(name, value)  # a stream says more
        patch_vary_headers(answer, ["Accept"])
        return answer

    @property
    def _is_reading(self) -> bool:
        return self.action_map.get(str(self.request.method).lower()) == "retrieve"


class NoUpgradeError(APIException):
    status_code = HTTPStatus.UPGRADE_REQUIRED
    default_detail = (
        "this address speaks WebSocket, and the request came without `Upgrade: websocket`: a proxy "
        "in between has dropped it (nginx: proxy_http_version 1.1; proxy_set_header Upgrade "
        '$http_upgrade; proxy_set_header Connection "upgrade")'
    )


class SocketAddressView(APIView):
    """A WebSocket's address when it is asked in plain HTTP. Open, and says of no session."""

    http_method_names = ("get",)
    authentication_classes = permission_classes = ()

    def get(self, request: Request, session_id: str) -> Response:
        raise NoUpgradeError

    @property
    def default_response_headers(self) -> dict[str, str]:
        ours = {"Upgrade": "websocket", "Connection": "Upgrade", **_SECRET_HEADERS}
        return super().default_response_headers | ours


def _for_people(request: HttpRequest, problem: Response) -> HttpResponse:
    if media_type_of(request) != PAGE:
        return problem
    wait = problem.headers.get("Retry-After")
    page = problem_page(
        request, problem.status_code, problem.data["detail"], int(wait) if wait else None
    )
    if wait:
        page.headers["Retry-After"] = wait
    return page


def media_type_of(request: HttpRequest) -> str:
    """Text, as the original's clients expect it, unless something else is preferred.

    What stands behind a type, such as a charset, changes nothing; Django's own choice would then
    know none of ours.
    """
    for accepted in request.accepted_types:
        plain = MediaType(f"{accepted.main_type}/{accepted.sub_type}")
        for offered in (TEXT, EVENTS, RECORDS, PAGE):
            if plain.match(offered):
                return offered
    return TEXT

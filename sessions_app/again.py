"""A session that is over, opened again for somebody who is logged in: asked by its page."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, JsonResponse
from django.middleware.csrf import get_token

from sessions_app import services
from sessions_app.errors import TooManyError
from sessions_app.ids import name_of
from sessions_app.links import session_url
from sessions_app.models import TailSession
from sessions_app.past import Past
from sessions_app.tail.past.limits import HELD_LINES_MAX


def token_response(request: HttpRequest) -> JsonResponse:
    """That it may be asked, and with what."""
    return JsonResponse({"token": get_token(request)}, headers={"Cache-Control": "no-store"})


def opened_response(request: HttpRequest) -> JsonResponse:
    """The URL of another session like the one whose `id` is posted. It shows as much of the past as
    there can be: the page that asks goes on with it."""
    row = TailSession.objects.filter(name=name_of(request.POST.get("id", ""))).first()
    if row is None:
        detail = "nobody remembers that session any more"
        return JsonResponse({"detail": detail}, status=HTTPStatus.NOT_FOUND)
    try:
        past = Past(HELD_LINES_MAX, row.tail, row.since, row.until)
        session_id, _ = services.open_session(row.session.selection, past)
    except TooManyError as error:
        return JsonResponse({"detail": str(error)}, status=HTTPStatus.TOO_MANY_REQUESTS)
    url = session_url(request, session_id)
    return JsonResponse({"url": url}, status=201, headers={"Cache-Control": "no-store"})

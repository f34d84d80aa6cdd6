"""What browsers get: a page that fetches its lines over a WebSocket, or why there is none."""

from __future__ import annotations

import json
import shlex
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse

from sessions_app.links import session_url
from sessions_app.past import said
from sessions_app.tail.session import Session

OWN_FILES_ALONE = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
)
"""What any page of ours may load."""
# No form goes anywhere, no frame holds the page. Scripts cannot make markup of text: the one policy
# of trusted types is for the worker's address.
_CONTENT_SECURITY_POLICY = "; ".join(
    [
        *OWN_FILES_ALONE,
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types logshuttle-worker",
    ]
)
_HEADERS = {
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",  # the address is the secret
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def page_response(request: HttpRequest, session: Session) -> HttpResponse:
    """The page of the session at the request's own address."""
    told = {
        "name": str(session.selection.key),
        "again": _admins_address(),
        "curl": _opening(request, session),
    }
    return _page(request, "tail.html", told, 200)


def problem_page(
    request: HttpRequest, status: int, detail: str, wait_seconds: int | None
) -> HttpResponse:
    """For a person who followed a link: what is wrong, and what helps."""
    title = "No such log session" if status == HTTPStatus.NOT_FOUND else HTTPStatus(status).phrase
    told = {"title": title, "status": status, "detail": detail, "wait": wait_seconds}
    return _page(request, "no_tail.html", told, status)


def _admins_address() -> str:
    """Where one who is logged in opens a session again; empty in a process without the admin."""
    try:
        return reverse("admin:sessions_app_tailsession_again")
    except NoReverseMatch:
        return ""


def _opening(request: HttpRequest, session: Session) -> str:
    """The command that opens another of the same lines, for who has a key."""
    selection = session.selection
    body = {
        **selection.key._asdict(),
        "lines": session.lines,
        "source": sorted(selection.sources),
        "process": sorted(selection.processes),
        "stream": sorted(selection.streams),
        "q": selection.text,
        "since": session.since and said(session.since),
        "until": session.until and said(session.until),
        **({} if session.tail else {"tail": False}),
    }
    given = {name: value for name, value in body.items() if value not in ([], "", None)}
    asked = json.dumps(given)
    url = session_url(request, "").rstrip("/")
    return f'curl -s -H "Authorization: $AUTH_KEY" {shlex.quote(url)} -d {shlex.quote(asked)}'


def _page(request: HttpRequest, name: str, told: dict[str, Any], status: int) -> HttpResponse:
    answer = render(request, f"sessions_app/{name}", told, status=status)
    for header, value in _HEADERS.items():
        answer.headers[header] = value
    return answer

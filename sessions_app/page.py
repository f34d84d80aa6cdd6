"""What browsers get: a page that fetches its lines over a WebSocket, or why there is none."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

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
    return _page(request, "tail.html", {"name": str(session.selection.key)}, 200)


def problem_page(
    request: HttpRequest, status: int, detail: str, wait_seconds: int | None
) -> HttpResponse:
    """For a person who followed a link: what is wrong, and what helps."""
    title = "No such log session" if status == HTTPStatus.NOT_FOUND else HTTPStatus(status).phrase
    told = {"title": title, "status": status, "detail": detail, "wait": wait_seconds}
    return _page(request, "no_tail.html", told, status)


def _page(request: HttpRequest, name: str, told: dict[str, Any], status: int) -> HttpResponse:
    answer = render(request, f"sessions_app/{name}", told, status=status)
    for header, value in _HEADERS.items():
        answer.headers[header] = value
    return answer

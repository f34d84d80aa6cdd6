"""The tail page for browsers: a fixed page, which fetches its lines over a WebSocket."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from sessions_app.session import Session

# Nothing but our own files; no form goes anywhere, no frame holds the page. Scripts cannot make
# markup of text: the one policy of trusted types is for the worker's address.
_CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
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
    answer = render(request, "sessions_app/tail.html", {"name": str(session.selection.key)})
    for name, value in _HEADERS.items():
        answer.headers[name] = value
    return answer

"""Which host names requests are for: pages have those of ALLOWED_HOSTS, all else any."""

from __future__ import annotations

import re

from django.conf import settings
from django.http import HttpRequest
from django.http.request import validate_host

# Names of containers may have underscores, which Django's own rule refuses.
_HOST = re.compile(r"([a-z0-9._-]+|\[[a-f0-9:.]+\])(:\d+)?", re.ASCII | re.IGNORECASE)

_ABSOLUTE = re.compile(rb"(?:http|ws)s?://([^/?#]*)", re.IGNORECASE)


def split_target(target: bytes) -> tuple[bytes | None, bytes]:
    """What a request line asks for: the host, where it names one, and path and query.

    A target in absolute form counts before the Host header (RFC 9112 section 3.2.2).
    """
    absolute = _ABSOLUTE.match(target)
    if absolute is None:
        return None, target
    rest = target[absolute.end() :]
    return absolute[1], rest if rest.startswith(b"/") else b"/" + rest


def is_host(text: str) -> bool:
    return _HOST.fullmatch(text) is not None


def is_served(host: str) -> bool:
    """Whether pages are, under this Host header."""
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    return validate_host(found[1].lower().removesuffix("."), settings.ALLOWED_HOSTS)


def host_of(request: HttpRequest) -> str:
    """Its Host header where that is one, else the address that it came to."""
    given = request.headers.get("Host", "")
    if is_host(given):
        return given
    name, port = str(request.META["SERVER_NAME"]), request.get_port()
    shown = f"[{name}]" if ":" in name else name
    return shown if port == ("443" if request.is_secure() else "80") else f"{shown}:{port}"

"""How a drain's page is laid out. What a drain has nothing of is folded away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drains.admin.option_fields import FILTER
from drains.filters import EVERYTHING
from drains.models import Drain
from drains.option_values import NO_TLS_OPTIONS, TlsOptions

Part = tuple[str | None, dict[str, Any]]

OBSERVED = (
    "state",
    "lag",
    "last_delivery",
    "last_error",
    "sent",
    "bytes_sent",
    "lost",
    "id",
    "start",
    "created_at",
    "updated_at",
)

_FILTER = (
    "The drain gets those lines that every part filled in here lets pass. Router and build lines "
    "have neither a process type nor a stream."
)
_HEADERS = "Sent with each request of an http or https drain. Values are never shown."
_TLS = (
    "PEM text, for syslog+tls and https. Without a CA the system's authorities are trusted. "
    "The private key is never shown."
)


def layout_of(drain: Drain | None) -> list[Part]:
    """None: of one that is to be added."""
    shown = (drain or Drain()).shown
    has_filter, has_headers = shown("filter") != EVERYTHING, bool(shown("headers"))
    tls: TlsOptions = shown("tls")
    headers = ["new_headers", *(["clear_headers"] if has_headers else [])]
    ca = ["tls_ca", *(["clear_tls_ca"] if tls.ca else [])]
    pair = ["tls_certificate", "tls_key", *(["clear_tls_certificate"] if tls.key else [])]
    parts = [
        _part(None, ["address" if drain else "owner", "new_url", "name", "paused"]),
        _part("Delivery", ["framing", "format", "connections"]),
        _part("When behind", ["on_lag", "max_lag_seconds"]),
        _part("Filter", [f"filter_{name}" for name in FILTER], _FILTER, folded=not has_filter),
        _part("HTTP headers", headers, _HEADERS, folded=not has_headers),
        _part("TLS", [*ca, *pair], _TLS, folded=tls == NO_TLS_OPTIONS),
    ]
    return [*parts, _part("Observed", OBSERVED)] if drain else parts


def _part(name: str | None, fields: Sequence[str], says: str = "", *, folded: bool = False) -> Part:
    classes = ["collapse"] if folded else []
    return name, {"fields": fields, "description": says, "classes": classes}

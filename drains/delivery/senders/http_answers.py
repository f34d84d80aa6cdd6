"""What an HTTP answer, or none, means for the lines that the request carried; how it is told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from drains.delivery.network.errors import DeliveryError, UnansweredError
from drains.delivery.sender import NamedWrite

REFUSALS = frozenset({400, 413, 422})
"""Something in the request is wrong: smaller ones show what."""

RETRY_AFTER_SECONDS_MAX = 3600.0
QUOTED_CHARACTERS_MAX = 200

_FORMAT = "check that the URL's path takes logs in this format"
_WHAT_TO_CHECK = {
    400: _FORMAT,
    401: "check the user and password in the URL, or the header with the key",
    403: "check what the user or the key may do there",
    404: "check the URL's path",
    405: _FORMAT,
    410: "the receiver has closed this address for good",
    413: "it takes not even one line of this size",
    415: _FORMAT,
    422: _FORMAT,
    429: "too many requests for the receiver",
}
_SECRET_CHARACTERS_MIN = 3
"""What is shorter stands anywhere by chance."""
# A script that does not end takes the rest: nothing is looked through twice.
_INVISIBLE = re.compile(r"<(script|style)\b.*?(?:</\1\s*+>|\Z)|<[^<>]*>", re.DOTALL | re.IGNORECASE)


class HttpError(DeliveryError):
    """An answer that confirms nothing. `quoted`: what may be shown of its body."""

    def __init__(self, status: int, headers: Mapping[str, str], quoted: str = "") -> None:
        self.status = status
        self.retry_after_seconds = _retry_after(headers.get("Retry-After", ""))
        super().__init__(self._told(quoted))

    def _told(self, quoted: str) -> str:
        redirected = "redirects are not followed" if 300 <= self.status < 400 else ""
        wait = round(self.retry_after_seconds)
        parts = (
            _WHAT_TO_CHECK.get(self.status, redirected),
            f"next try in {wait} s" if wait else "",
            f"it says: {quoted}" if quoted else "",
        )
        return ": ".join(filter(None, (f"HTTP {self.status}", "; ".join(filter(None, parts)))))


def asks_for_halves(error: Exception | None, write: NamedWrite) -> bool:
    """Whether smaller requests, or others, show what is wrong with this one: it was refused, or is
    not the first time that the receiver ends the connection in its middle."""
    if isinstance(error, UnansweredError):
        return write.unanswered > 0
    return isinstance(error, HttpError) and error.status in REFUSALS


def quotation(body: bytes, secrets: Iterable[str]) -> str:
    """The beginning of an answer as plain text on one line. Some repeat what they were sent."""
    text = body.decode("utf-8", "replace")
    for secret in secrets:
        if len(secret) >= _SECRET_CHARACTERS_MIN:
            text = text.replace(secret, "***")
    shown = (each if each.isprintable() else " " for each in _INVISIBLE.sub(" ", text))
    return " ".join("".join(shown).split())[:QUOTED_CHARACTERS_MAX]


def _retry_after(value: str) -> float:
    """Seconds from now, of a number or a date (RFC 9110 section 10.2.3); 0 for neither."""
    if value.isascii() and value.isdigit():
        seconds = float(value)
    else:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):  # TypeError: a date without a zone
            return 0.0
    return min(max(seconds, 0.0), RETRY_AFTER_SECONDS_MAX)

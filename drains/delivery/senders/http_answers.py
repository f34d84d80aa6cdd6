"""What a receiver's HTTP status means for the lines that the request carried."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from drains.delivery.network.errors import DeliveryError

REFUSALS = frozenset({400, 413, 422})
"""Something in the request is wrong: smaller ones show what."""

RETRY_AFTER_SECONDS_MAX = 3600.0


class HttpError(DeliveryError):
    """An answer that confirms nothing."""

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        redirected = ": redirects are not followed" if 300 <= status < 400 else ""
        super().__init__(f"HTTP {status}{redirected}")
        self.status = status
        self.retry_after_seconds = _retry_after(headers.get("Retry-After", ""))

    @property
    def is_refusal(self) -> bool:
        return self.status in REFUSALS


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

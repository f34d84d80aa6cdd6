"""Moments in requests and answers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from django.utils.dateparse import parse_datetime

_AGE = re.compile(r"(\d{1,9})([smhd])", re.ASCII)
# How a time begins. 24:00 is none; newer Pythons take it for the next day's first.
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ](?!24)\d\d:\d\d", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def rfc3339(moment: datetime) -> str:
    """In UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def in_words(moment: datetime) -> str:
    """For people, with its zone; in UTC, as moments of the database are."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def moment_of(text: str, now: datetime) -> datetime:
    """A time with its zone (RFC 3339), or an age such as 30s, 15m, 2h, 1d. Raises ValueError."""
    try:
        if age := _AGE.fullmatch(text):
            return now - timedelta(**{_UNITS[age[2]]: int(age[1])})
        moment = parse_datetime(text) if _TIME.match(text) else None
    except (ValueError, OverflowError):  # the 30th of February; a million years ago
        moment = None
    if moment is None:
        raise ValueError("is neither a time such as 2026-01-31T12:00:00Z nor an age such as 15m")
    if moment.tzinfo is None:
        raise ValueError("has no time zone: write 2026-01-31T12:00:00Z for UTC")
    return moment

"""When a key ends, as people write it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

from django.utils.dateparse import parse_date

from drains.moments import moment_of

NEVER = "never"
_AGE = re.compile(r"\d{1,5}[mhd]", re.ASCII)
_SPAN = re.compile(r"\d+[a-z]", re.ASCII)
_YEARS_MAX = 20


def ending_of(text: str, now: datetime) -> datetime | None:
    """`90d`, `12h`, `30m` from now; a date, whose day (UTC) is its last one; a time with its zone;
    None for `never`. Raises ValueError, in a sentence for who wrote it.
    """
    given = text.strip()
    if given == NEVER:
        return None
    if _AGE.fullmatch(given):
        ends = now + (now - moment_of(given, now))
    else:
        ends = _day_or_time(given, now)
    if ends <= now:
        raise ValueError(f"{given!r} is over")
    if ends - now > timedelta(days=366 * _YEARS_MAX):
        raise ValueError(f"{given!r} is more than {_YEARS_MAX} years away: write {NEVER}")
    return ends.astimezone(UTC)


def _day_or_time(given: str, now: datetime) -> datetime:
    try:
        day = parse_date(given)
        if day is None and not _SPAN.fullmatch(given):
            return moment_of(given, now)
        if day is None:
            raise ValueError
        return datetime.combine(day, time.min, UTC) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{given[:40]!r} is neither a span such as 90d, 12h or 30m, nor a date such as"
            f" 2027-01-31, nor a time with its zone, nor {NEVER}"
        ) from None

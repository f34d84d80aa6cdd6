"""Times of events, as text or a number in and RFC 5424 TIMESTAMP out.

A fraction is cut to six digits, never rounded, and loses its trailing zeros; `+00:00` becomes
`Z`; other offsets stay.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import cast

from events.lines import IN_UTC, Stamps

Moment = str | int | float | None
"""As writers give it: RFC 3339, or a number (see `_of_number`)."""

# An hour of 24 is a time to some interpreters and none to others: to us it is none.
_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\d)(?:\.(\d+))?"
    r"(?:Z|([+-](?:[01]\d|2[0-3]))(?::?([0-5]\d))?)",
    re.ASCII,
).fullmatch

# What container runtimes write: UTC, nine digits. A whole batch is held against its shape, with a
# comma behind each: as many as there are texts, so none is in one, and each text has this shape.
_COMMON_SHAPE = b"0000-00-00T00:00:00.000000000Z,"
_HOUR, _TENS_OF_MINUTES, _TENS_OF_SECONDS = len("0000-00-00T00:"), 14, 17
"""Where the hour ends, and where those digits stand."""
_to_microseconds = struct.Struct("26s5x").iter_unpack
_UP_TO_5 = b"012345"
_ANY_DIGIT_IS_0 = bytes.maketrans(b"123456789", b"000000000")

_YEAR_2000_SECONDS = 946_684_800
_TOO_LARGE_SECONDS = 100_000_000_000
"""The same number of milliseconds is before 1974: a number's size tells its unit."""
_LAST_MS = 253_402_300_799_999  # the end of the year 9999
_MILLISECONDS = ["Z", *(f".{ms:03d}".rstrip("0") + "Z" for ms in range(1, 1000))]
"""How a time of so many ends."""

# Neighbouring lines share their second: `2016-08-24T17:03:20` → it is a real point in time.
_SECONDS_KEPT = 4096
_real_seconds: set[str] = set()


def common_stamps(moments: Sequence[Moment]) -> Stamps | None:
    """The TIMESTAMPs when all moments are real times of the common shape, with a fraction that is
    not zero; else None.

    All are looked at together: their shape first, so that later positions mean what they seem to
    and nobody's time is another's; then the hour, which neighbouring lines share, and the tens of
    minutes and seconds.
    """
    texts = cast(Sequence[str], moments)
    try:
        joined = ",".join((*texts, "")).encode(errors="replace")
    except TypeError:  # numbers
        return None
    if joined.translate(_ANY_DIGIT_IS_0) != _COMMON_SHAPE * len(texts) or b".000000" in joined:
        return None
    hour = joined[:_HOUR]
    if joined.count(hour) == len(texts):
        are_real = _is_real(f"{hour.decode()}00:00") and not (
            joined[_TENS_OF_MINUTES :: len(_COMMON_SHAPE)].strip(_UP_TO_5)
            or joined[_TENS_OF_SECONDS :: len(_COMMON_SHAPE)].strip(_UP_TO_5)
        )
    else:
        are_real = all(map(_is_real, {text[:19] for text in texts}))
    if not are_real:
        return None
    return Stamps([stamp.rstrip(b"0") for (stamp,) in _to_microseconds(joined)], IN_UTC)


def rfc5424_time(moment: Moment) -> str | None:
    """The TIMESTAMP for a moment, or None when it is not one."""
    if moment is None or isinstance(moment, str):
        return _of_text(moment or "")
    return _of_number(moment)


def first_time(moments: Iterable[Moment]) -> str | None:
    """The TIMESTAMP for the first of these that is a time."""
    return next(filter(None, map(rfc5424_time, moments)), None)


def _of_text(text: str) -> str | None:
    match = _RFC3339(text)
    if match is None or not _is_real(match[1]):
        return None
    seconds, fraction, hours, minutes = match.groups()
    kept = (fraction or "")[:6].rstrip("0")
    zone = f"{hours}:{minutes or '00'}" if hours else "Z"
    return f"{seconds}{'.' if kept else ''}{kept}{'Z' if zone == '+00:00' else zone}"


def _is_real(seconds: str) -> bool:
    if seconds in _real_seconds:
        return True
    try:
        datetime.fromisoformat(seconds)
    except ValueError:  # 30 February, a minute or a second 60
        return False
    if seconds[11:13] == "24":  # a time to newer Pythons
        return False
    if len(_real_seconds) >= _SECONDS_KEPT:
        _real_seconds.clear()
    _real_seconds.add(seconds)
    return True


def _of_number(number: float) -> str | None:
    """Seconds, with a fraction, or milliseconds, microseconds or nanoseconds, by its size.

    What would be before the year 2000 is no time of a line: rather what something took.
    """
    seconds = Decimal(repr(number))  # digit by digit: nothing is rounded
    for _ in range(3):
        if seconds >= _TOO_LARGE_SECONDS:
            seconds = seconds.scaleb(-3)
    if not _YEAR_2000_SECONDS <= seconds < _TOO_LARGE_SECONDS:
        return None
    return _of_microseconds(int(seconds.scaleb(6)))


def rfc5424_time_of_ms(epoch_ms: int) -> str:
    """The TIMESTAMP, in UTC, of a Kafka record's time in epoch milliseconds."""
    seconds, ms = divmod(min(max(epoch_ms, 0), _LAST_MS), 1000)  # some producers write microseconds
    return _second_of(seconds) + _MILLISECONDS[ms]


def _of_microseconds(microseconds: int) -> str:
    seconds, fraction = divmod(microseconds, 1_000_000)
    kept = f"{fraction:06d}".rstrip("0")
    return f"{_second_of(seconds)}{'.' if kept else ''}{kept}Z"


@lru_cache(_SECONDS_KEPT)
def _second_of(epoch_seconds: int) -> str:
    return f"{datetime.fromtimestamp(epoch_seconds, UTC):%Y-%m-%dT%H:%M:%S}"

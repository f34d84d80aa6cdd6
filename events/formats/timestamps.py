"""Times of events, as text in and RFC 5424 TIMESTAMP out.

A fraction is cut to six digits, never rounded, and loses its trailing zeros; `+00:00` becomes
`Z`; other offsets stay (behaviour.md, "Out").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

# 24:00:00 is no time; newer Pythons take it for the next day's first.
_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\dT(?!24)\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", re.ASCII
).fullmatch

# What container runtimes write: UTC, nine digits. A whole batch is held against its shape.
_COMMON_SHAPE = b"0000-00-00T00:00:00.000000000Z"
_ANY_DIGIT_IS_0 = bytes.maketrans(b"123456789", b"000000000")

_LAST_MS = 253_402_300_799_999  # the end of the year 9999

# Neighbouring lines share their second: `2016-08-24T17:03:20` → it is a real point in time.
_SECONDS_KEPT = 4096
_real_seconds: set[str] = set()


def rfc5424_times(texts: Sequence[str]) -> list[str | None]:
    """The TIMESTAMP for each RFC 3339 time, None for what is not one."""
    if _all_common(texts):
        return [text[:26].rstrip("0") + "Z" for text in texts]
    return [rfc5424_time(text) for text in texts]


def _all_common(texts: Sequence[str]) -> bool:
    """Whether all are real times of the common shape with a fraction that is not zero."""
    joined = "".join(texts).encode(errors="replace")
    return (
        joined.translate(_ANY_DIGIT_IS_0) == _COMMON_SHAPE * len(texts)
        and b".000000" not in joined
        and {text[:19] for text in texts} <= _real_seconds
    )


def rfc5424_time(text: str) -> str | None:
    """The TIMESTAMP for an RFC 3339 time, or None when it is not one."""
    match = _RFC3339(text)
    if match is None:
        return None
    seconds, fraction, zone = match.groups()
    if not _is_real(seconds + zone):
        return None
    _remember(seconds)
    kept = (fraction or "")[:6].rstrip("0")
    return f"{seconds}{'.' if kept else ''}{kept}{'Z' if zone == '+00:00' else zone}"


def _is_real(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:  # 30 February, an hour 25, a second 60, an offset of a day
        return False
    return True


def _remember(seconds: str) -> None:
    if len(_real_seconds) >= _SECONDS_KEPT:
        _real_seconds.clear()
    _real_seconds.add(seconds)


def rfc5424_time_of_ms(epoch_ms: int) -> str:
    """The TIMESTAMP, in UTC, of a Kafka record's time in epoch milliseconds."""
    epoch_ms = min(max(epoch_ms, 0), _LAST_MS)  # some producers write microseconds
    moment = datetime.fromtimestamp(epoch_ms // 1000, UTC)
    kept = f"{epoch_ms % 1000:03d}".rstrip("0")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{'.' if kept else ''}{kept}Z"

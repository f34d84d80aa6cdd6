"""Numbers, ages and moments as pages say them."""

from __future__ import annotations

from datetime import datetime, timedelta

_ = "\u00a0"  # a figure and its unit stay on one line
UNKNOWN = "–"


def number(value: float | None) -> str:
    """4,210 up to five digits, 1.28 M above, 0.4 below ten."""
    if value is None:
        return UNKNOWN
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e5, "k")):
        if value >= size * 0.9995:
            return f"{value / (1e3 if unit == 'k' else size):.3g}{_}{unit}"
    return f"{value:.1f}" if 0 < value < 9.95 and value % 1 else f"{value:,.0f}"


def many(count: int, one: str) -> str:
    return f"{number(count)} {one if count == 1 else f'{one}s'}"


def size(count: float | None) -> str:
    """In steps of a thousand."""
    if count is None:
        return UNKNOWN
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5 or unit == "GB":
            return f"{count:.3g}{_}{unit}" if count < 999.5 else f"{count:,.0f}{_}{unit}"
        count /= 1000
    raise AssertionError


def age(seconds: float) -> str:
    """Two units at most: 46 s, 13 min, 2 h 05 min, 6 d 23 h."""
    whole = max(int(seconds), 0)
    if whole < 60:
        return f"{whole}{_}s"
    if whole < 3600:
        return f"{whole // 60}{_}min"
    if whole < 86_400:
        hours, minutes = divmod(whole // 60, 60)
        return f"{hours}{_}h{_}{minutes:02}{_}min" if minutes and hours < 10 else f"{hours}{_}h"
    days, hours = divmod(whole // 3600, 24)
    return f"{days}{_}d{_}{hours}{_}h" if hours and days < 10 else f"{days}{_}d"


def clock(at: datetime, now: datetime) -> str:
    """10:02 today; Tue 17:40 this week; 3 Nov 10:02; 3 Nov 2025. UTC, as both are."""
    if at.date() == now.date():
        return f"{at:%H:%M}"
    if abs(now - at) < timedelta(days=6):
        return f"{at:%a %H:%M}"
    if abs(now - at) < timedelta(days=300):
        return f"{at.day} {at:%b %H:%M}"
    return f"{at.day} {at:%b %Y}"

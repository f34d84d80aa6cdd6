"""Parts of a page that several show: a state, a moment, whose a drain is, where it goes, why."""

from __future__ import annotations

import re
from datetime import datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString

from drains.display.look import LOOKS, icon
from drains.display.words import UNKNOWN, age, clock
from drains.models import Drain
from drains.states import State
from drains.status import Status

_BEFORE_HOST = re.compile(r"[^:]*://(?:[^/]*@)?")
"""Of an address: its scheme, or who somebody is there, may be called as its host is."""


def when(at: datetime | None, now: datetime) -> SafeString | str:
    """Short, and whole with its zone for who points at it."""
    if at is None:
        return UNKNOWN
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        at.isoformat(),
        f"{at:%a %d %b %Y %H:%M:%S}",
        clock(at, now),
    )


def since(at: datetime | None, now: datetime) -> str:
    """How long ago."""
    return UNKNOWN if at is None else age((now - at).total_seconds())


def badge(state: State) -> SafeString:
    return said_as(state, LOOKS[state].word)


def said_as(look: str, word: str) -> SafeString:
    """A word that looks as a state does."""
    return format_html('<span class="badge {}">{} {}</span>', LOOKS[look].tone, icon(look), word)


def owner(drain: Drain) -> SafeString:
    """What names it in bold: the site, or the app before its space."""
    bold, rest = (drain.site, "") if drain.site else (drain.app, f"-{drain.space}")
    return format_html("<b>{}</b>{}", bold, rest)


def receiver(drain: Drain) -> SafeString:
    """Its host in bold, what stands around it in its address dim."""
    begin = _BEFORE_HOST.match(drain.address)
    at = begin.end() if begin and drain.host else 0
    before, host, after = drain.address[at:].partition(drain.host or drain.address)
    return format_html(
        '<span class="scheme">{}</span><b>{}</b><span class="quiet">{}</span>',
        drain.address[:at] + before,
        host,
        after,
    )


def why(status: Status, now: datetime) -> str:
    """One short sentence, for who has only this."""
    match status.state:
        case "failing":
            return status.last_error or ""
        case "replaying":
            return f"its oldest line is {age(status.lag_seconds)} old"
        case "new":
            return "nothing has been delivered yet"
        case "paused":
            return "it keeps its place, and is sent nothing"
        case "unknown":
            return "no worker reports"
    delivered = status.last_delivery_at
    return f"delivered {since(delivered, now)} ago" if delivered else ""

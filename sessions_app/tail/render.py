"""A line as text, and as a record for JSON.

2006-01-02T15:04:05Z app-space app[web.1050769379-6ktnc]: text
2006-01-02T15:04:05Z app-space akkeris/router: text
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from events.cleaning import field, one_line
from events.keys import AppKey, SiteKey
from events.lines import LogLine, Origin
from sessions_app.tail.matching import stream_of

NAME_MAX, TAG_MAX = 512, 255
LABELS_KEPT = 1024
_SECOND_CHARACTERS = len("2006-01-02T15:04:05")
# Pods of this kind are parts of the platform; their name is the tag as it is.
_PLATFORM = "akkeris/"


def text_of(line: LogLine) -> str:
    """One line, whatever its parts hold, without a newline."""
    return f"{_second_of(line.time)} {_label_of(line.origin)}: {one_line(line.text).strip()}"


def record_of(line: LogLine) -> dict[str, str]:
    """The members of an NDJSON record, in their order. A site's line has `site` too."""
    origin = line.origin
    key = origin.key
    app, space = key if isinstance(key, AppKey) else ("", "")
    record = {
        "time": line.time,
        "app": app,
        "space": space,
        "source": origin.source,
        "process": origin.process,
        "stream": stream_of(line),
        "text": one_line(line.text),
    }
    return {**record, "site": key.site} if isinstance(key, SiteKey) else record


@lru_cache(LABELS_KEPT)
def _label_of(origin: Origin) -> str:
    tag = field(origin.tag, TAG_MAX)
    if origin.source == "app" and not origin.tag.startswith(_PLATFORM):
        tag = f"app[{tag}]"
    return f"{field(origin.name, NAME_MAX)} {tag}"


def _second_of(time: str) -> str:
    """RFC 5424 TIMESTAMP → its second, in UTC."""
    if time[-1:] != "Z":
        try:
            time = datetime.fromisoformat(time).astimezone(UTC).isoformat()
        except (ValueError, OverflowError):  # an offset at the world's begin or end
            return time
    return time[:_SECOND_CHARACTERS] + "Z"

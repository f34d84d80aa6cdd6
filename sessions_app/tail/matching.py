"""Which lines a session shows: by their origin, and then by stream and text."""

from __future__ import annotations

from collections.abc import Callable

from events.lines import LogLine, Origin, Severity
from sessions_app.tail.session import Selection


def wants(selection: Selection) -> Callable[[Origin], bool]:
    """Whether lines of an origin may be shown; the answer for an origin never changes.

    Router and build lines have neither process type nor stream: a filter of those keeps them out.
    """
    key, sources, processes = selection.key, selection.sources, selection.processes
    only_apps = bool(selection.streams)

    def wanted(origin: Origin) -> bool:
        return (
            origin.key == key
            and type(origin.key) is type(key)
            and (not sources or origin.source in sources)
            and (not processes or origin.process in processes)
            and (not only_apps or origin.source == "app")
        )

    return wanted


def has_text(selection: Selection, line: LogLine) -> bool:
    """Whether a line of a wanted origin is of a wanted stream, and has the text in any case."""
    if selection.streams and stream_of(line) not in selection.streams:
        return False
    return not selection.text or selection.text.casefold() in line.text.casefold()


def stream_of(line: LogLine) -> str:
    """stdout or stderr; nothing for router and build lines."""
    if line.origin.source != "app":
        return ""
    return "stderr" if line.severity is Severity.ERROR else "stdout"

"""The vocabulary of a log line. Imports nothing of ours but the keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Literal, get_args

from msgspec import Struct

from events.keys import Key

Source = Literal["app", "router", "build"]
SOURCES: tuple[Source, ...] = get_args(Source)


class Severity(IntEnum):
    """Severities of RFC 5424 that log lines have here: stderr is an error, all else is info."""

    ERROR = 3
    INFO = 6


class Origin:
    """Where lines come from: one container of one pod, an app's router, an app's builds.

    Made once and then shared by all its lines, so that whatever depends on the origin alone
    (its route, its syslog header) is looked up by identity instead of being worked out a line.
    """

    __slots__ = ("key", "name", "process", "source", "tag")

    def __init__(self, key: Key, tag: str, source: Source, process: str = "") -> None:
        self.key = key
        self.name = str(key)
        self.tag = tag
        """APP-NAME as the source gives it, not cleaned: `web.1050769379-6ktnc`."""
        self.source = source
        self.process = process
        """Process type of an app's line (`web`), empty for router and build lines."""

    def __repr__(self) -> str:
        return f"Origin({self.key!r}, {self.tag!r}, {self.source!r})"


class LogLine(Struct, frozen=True, gc=False):
    """One line. `gc=False`: there are millions, and none can be part of a cycle."""

    origin: Origin
    time: str
    """RFC 5424 TIMESTAMP: at most six digits of fraction, `Z` or an offset."""
    severity: Severity
    text: str
    """As the source gave it, without one final newline. Not cleaned."""


OriginTest = Callable[[Origin], object]
"""Whether anybody wants an origin's lines: asked before they are made."""


class Lines:
    """Lines side by side, in columns: an object for each would cost a third more."""

    __slots__ = ("origins", "severities", "texts", "times")

    def __init__(
        self,
        origins: list[Origin],
        times: list[str],
        severities: list[Severity],
        texts: list[str],
    ) -> None:
        self.origins = origins
        self.times = times
        self.severities = severities
        self.texts = texts

    def __iter__(self) -> Iterator[LogLine]:
        return map(LogLine, self.origins, self.times, self.severities, self.texts)

    def extend(self, more: Lines) -> None:
        self.origins += more.origins
        self.times += more.times
        self.severities += more.severities
        self.texts += more.texts

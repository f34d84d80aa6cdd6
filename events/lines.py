"""The vocabulary of a log line. Imports nothing of ours but the keys, and what may be kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum
from typing import Literal, NamedTuple, get_args

from msgspec import Struct

from events.kept import bytes_of
from events.keys import Key

Source = Literal["app", "router", "build"]
SOURCES: tuple[Source, ...] = get_args(Source)


class Severity(IntEnum):
    """Severities of RFC 5424 that log lines have here: stderr is an error, all else is info."""

    ERROR = 3
    INFO = 6


_ORIGIN_BYTES = 200
"""Without its texts."""


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

    @property
    def bytes(self) -> int:
        """In memory."""
        return _ORIGIN_BYTES + bytes_of(self.name, self.tag, self.process, *self.key)

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
"""Whether anybody wants an origin's lines: asked before they are made. The answer hangs on its key,
source and process, not on its tag."""


IN_UTC, WITH_ZONE = ZONES = b"Z", b""


class Stamps(NamedTuple):
    """RFC 5424 TIMESTAMPs, as bytes."""

    column: list[bytes]
    zone: bytes
    """What each of them still lacks at its end, one of ZONES."""


class Lines:
    """Lines side by side, in columns, as they stand in a record. What asks for a line by itself, as
    a tail does, has it made."""

    __slots__ = ("_distinct", "bodies", "origins", "severities", "stamps", "texts")

    def __init__(
        self,
        origins: list[Origin],
        severities: list[Severity],
        stamps: Stamps,
        bodies: list[bytes],
        texts: Callable[[], list[str]],
    ) -> None:
        """`bodies`: each on one line, in UTF-8, with a LF at its end and none elsewhere. `texts`:
        gives the same as text, see LogLine."""
        self.origins = origins
        self.severities = severities
        self.stamps = stamps
        self.bodies = bodies
        self.texts = texts
        self._distinct: set[Origin] | None = None

    def __len__(self) -> int:
        return len(self.origins)

    @property
    def distinct_origins(self) -> set[Origin]:
        """Each once."""
        if self._distinct is None:
            self._distinct = set(self.origins)
        return self._distinct

    def __iter__(self) -> Iterator[LogLine]:
        column, zone = self.stamps
        times = [(stamp + zone).decode() for stamp in column]
        return map(LogLine, self.origins, times, self.severities, self.texts())


def joined(pieces: Sequence[Lines]) -> Lines:
    """One behind the other."""
    stamps = [at + lines.stamps.zone for lines in pieces for at in lines.stamps.column]
    return Lines(
        [origin for lines in pieces for origin in lines.origins],
        [severity for lines in pieces for severity in lines.severities],
        Stamps(stamps, WITH_ZONE),
        [body for lines in pieces for body in lines.bodies],
        lambda: [line.text for lines in pieces for line in lines],
    )


NO_LINES = joined(())

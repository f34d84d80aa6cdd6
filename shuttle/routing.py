"""Lines and feeds → parcels. A line is formatted once, however many drains want it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from drains.delivery.syslog import PRI_AND_VERSION, header_of, newline_framed
from events.keys import Key
from events.lines import LogLine, Origin
from events.records import Run
from shuttle.feed import Feed

ENTRIES_KEPT = 50_000


class Parcel(Struct, gc=False):
    """The lines of one run that belong to one key, in wire format, for all its feeds."""

    group: Group
    run: Run
    data: bytes
    lines: int


class Group:
    """The feeds of one key, and the records of the run being routed."""

    __slots__ = ("feeds", "records")

    def __init__(self, feeds: Sequence[Feed]) -> None:
        self.feeds = feeds
        self.records: list[str] = []


class _Entry:
    """What is known of an origin: its group, None when nobody wants it, and its header."""

    __slots__ = ("group", "header")

    def __init__(self, group: Group | None, header: str) -> None:
        self.group = group
        self.header = header


class Router:
    """`hostname` replaces HOSTNAME in every record (test mode)."""

    def __init__(self, hostname: str | None = None) -> None:
        self._hostname = hostname
        self._groups: dict[Key, Group] = {}
        self._entries: dict[Origin, _Entry] = {}

    def route(self, feeds: Mapping[Key, Sequence[Feed]]) -> None:
        """From the next batch on, these feeds get these keys' lines."""
        self._groups = {key: Group(tuple(found)) for key, found in feeds.items()}
        self._entries.clear()

    def parcels_for(self, run: Run, lines: Sequence[LogLine]) -> list[Parcel]:
        entries = self._entries
        pri = PRI_AND_VERSION
        touched = []
        for line in lines:
            entry = entries.get(line.origin) or self._entry_of(line.origin)
            group = entry.group
            if group is None:
                continue
            records = group.records
            if not records:
                touched.append(group)
            records.append(f"{pri[line.severity]}{line.time}{entry.header}{line.text}")
        return [_parcel(group, run) for group in touched]

    def _entry_of(self, origin: Origin) -> _Entry:
        if len(self._entries) >= ENTRIES_KEPT:
            self._entries.clear()
        group = self._groups.get(origin.key)
        header = header_of(origin, self._hostname) if group else ""
        entry = self._entries[origin] = _Entry(group, header)
        return entry


def _parcel(group: Group, run: Run) -> Parcel:
    records = group.records
    parcel = Parcel(group, run, newline_framed(records), len(records))
    records.clear()
    return parcel

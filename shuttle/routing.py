"""Lines and feeds → parcels. A line is formatted once, however many drains want it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from drains.delivery.wire.rfc5424 import (
    NEXT_PRI,
    NOTHING,
    WireFormat,
    header_of,
    packed,
    wire_format_of,
)
from drains.filters import LineFilter, LineTest
from drains.routes import Route
from events.cleaning import bodies
from events.kafka.records import PartitionRecords
from events.keys import Key
from events.lines import Lines, LogLine, Origin, OriginTest
from shuttle.feed.feed import Feed

ENTRIES_KEPT = 50_000
PARTS = 4
"""Of a record: its priority, its time, what all lines of its origin have, what it says."""


class Parcel(Struct, gc=False):
    """The lines of some records that a group of feeds wants, in wire format."""

    group: FeedGroup
    records: PartitionRecords
    data: tuple[bytes, ...]
    """A piece for each connection."""
    lines: int
    cut: int
    """How many of them were too long to be sent whole."""


class FeedGroup:
    """Feeds that get the same bytes: one key, one wire format, one filter, as many connections."""

    __slots__ = ("bytes", "feeds", "line_test", "lines", "pieces", "wanted", "wire")

    def __init__(self, wire: WireFormat, wanted: LineFilter, connections: int) -> None:
        self.wire = wire
        self.wanted = wanted
        self.line_test = wanted.line_test()
        self.feeds: list[Feed] = []
        self.lines = self.bytes = 0
        """What the live pass has met for it so far."""
        self.pieces: tuple[list[bytes], ...] = tuple([] for _ in range(connections))
        """What is being routed, by connection: PARTS a record; empty between two calls of
        `parcels_for`."""

    def piece_of(self, origin: Origin) -> list[bytes]:
        """A tag keeps its connection, so that its lines keep their order."""
        return self.pieces[zlib.crc32(origin.tag.encode()) % len(self.pieces)]


# What one group needs to know to take a line of one origin: the group, its parts, the header, and
# the question that is left to ask of the line.
_Recipient = tuple[FeedGroup, list[bytes], bytes, LineTest | None]


class _Recipients(dict[Origin, tuple[_Recipient, ...]]):
    """Found when first asked for."""

    def __init__(self, find: Callable[[Origin], tuple[_Recipient, ...]]) -> None:
        self._find = find

    def __missing__(self, origin: Origin) -> tuple[_Recipient, ...]:
        if len(self) >= ENTRIES_KEPT:
            self.clear()
        found = self[origin] = self._find(origin)
        return found


class Router:
    """`hostname` replaces HOSTNAME in every record (test mode)."""

    def __init__(self, hostname: str = "") -> None:
        self._hostname = hostname
        self._groups: dict[Key, list[FeedGroup]] = {}
        self._served: dict[Key, tuple[tuple[Feed, Route], ...]] = {}
        """What the groups were made for: most keys are the same when routes change."""
        self._recipients = _Recipients(self._recipients_of)
        self.wants: OriginTest = self._recipients.__getitem__
        """Whether any feed wants lines of an origin."""

    def route(self, feeds: Mapping[Key, Sequence[Feed]]) -> None:
        """From the next batch on, these feeds get these keys' lines."""
        before, self._served = self._served, {}
        groups, self._groups = self._groups, {}
        for key, found in feeds.items():
            served = self._served[key] = tuple((feed, feed.route) for feed in found)
            same = before.get(key) == served
            self._groups[key] = groups[key] if same else self._groups_of(found)
        self._recipients.clear()

    def parcels_for(self, records: PartitionRecords, lines: Lines) -> list[Parcel]:
        recipients, pri = self._recipients, NEXT_PRI
        touched: list[FeedGroup] = []
        given = lines.origins, lines.times, lines.severities, lines.texts
        columns = *given, map(str.encode, lines.times), bodies(lines.texts)
        for origin, time, severity, text, stamp, body in zip(*columns, strict=True):
            for group, parts, header, test in recipients[origin]:
                if test is None or test(LogLine(origin, time, severity, text)):
                    if not parts:
                        touched.append(group)
                    parts += (pri[severity], stamp, header, body)
        return [_parcel(group, records) for group in dict.fromkeys(touched)]

    def take_talk(self) -> dict[Key, tuple[int, int]]:
        """Lines and bytes that were met of each key since the last call, as the group has them that
        wants most. Those of a key whose drains have changed meanwhile count from there on."""
        talk = {}
        for key, groups in self._groups.items():
            if lines := max(group.lines for group in groups):
                talk[key] = lines, max(group.bytes for group in groups)
                for group in groups:
                    group.lines = group.bytes = 0
        return talk

    def _groups_of(self, feeds: Sequence[Feed]) -> list[FeedGroup]:
        groups: dict[tuple[WireFormat, LineFilter, int], FeedGroup] = {}
        for feed in feeds:
            route = feed.route
            alike = (
                wire_format_of(route, self._hostname),
                route.options.filter,
                route.connections,
            )
            group = groups.get(alike)
            if group is None:
                group = groups[alike] = FeedGroup(*alike)
            group.feeds.append(feed)
        return list(groups.values())

    def _recipients_of(self, origin: Origin) -> tuple[_Recipient, ...]:
        return tuple(
            (
                group,
                group.piece_of(origin),
                header_of(origin, group.wire).encode(),
                group.line_test,
            )
            for group in self._groups.get(origin.key, ())
            if group.wanted.wants_origin(origin)
        )


def _parcel(group: FeedGroup, records: PartitionRecords) -> Parcel:
    lines = cut = 0
    data = []
    for parts in group.pieces:
        lines += len(parts) // PARTS
        piece = packed(parts, group.wire) if parts else NOTHING
        data.append(piece.data)
        cut += piece.cut
        parts.clear()
    return Parcel(group, records, tuple(data), lines, cut)

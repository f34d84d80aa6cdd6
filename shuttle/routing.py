"""Lines and feeds → parcels. A line is formatted once, however many drains want it."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from drains.delivery.wire.rfc5424 import (
    PRI_AND_VERSION,
    WireFormat,
    header_of,
    packed,
    wire_format_of,
)
from drains.filters import LineFilter
from events.kafka.records import PartitionRecords
from events.kept import Room
from events.keys import Key
from events.lines import IN_UTC, ZONES, Lines, Origin, OriginTest
from shuttle.asking import RECIPIENTS_BYTES, Answers, Asking, Recipient, Recipients, has_test
from shuttle.feed.feed import Feed
from shuttle.turn import Turn

PARTS = 4
"""Of a record: its priority, its time, what all lines of its origin have, what it says."""
_PRI = {severity: text.encode() for severity, text in PRI_AND_VERSION.items()}


class Parcel(Struct, gc=False):
    """The lines of some records that a group of feeds wants, in wire format."""

    group: FeedGroup
    records: PartitionRecords
    data: tuple[bytes, ...]
    """A piece for each connection."""
    lines: int
    cut: int
    """How many of them were too long to be sent whole."""
    is_unasked: bool = False
    """Its owner's filters have used up their share: nobody knows which of at most so many lines
    are wanted, and there is no data."""


class FeedGroup:
    """Feeds that get the same bytes: one key, one wire format, one filter, as many connections."""

    __slots__ = (
        "bytes",
        "feeds",
        "line_test",
        "lines",
        "pieces",
        "plain_bytes_max",
        "wanted",
        "wire",
    )

    def __init__(self, wire: WireFormat, wanted: LineFilter, connections: int) -> None:
        self.wire = wire
        self.plain_bytes_max = wire.plain_bytes_max
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


_Recipient = Recipient[FeedGroup]
Needs = Callable[[FeedGroup], float]
"""See Asking."""


class Router:
    """Owns the groups of the keys whose lines have been met."""

    def __init__(self, feeds_of: Callable[[Key], Sequence[Feed]], hostname: str = "") -> None:
        """`feeds_of`: who gets a key's lines, until `forget` is told of it. `hostname` replaces
        HOSTNAME in every record (test mode)."""
        self._feeds_of = feeds_of
        self._hostname = hostname
        self._groups: dict[Key, list[FeedGroup]] = {}
        room = Room(RECIPIENTS_BYTES)
        self._recipients = {zone: Recipients(room, self._recipients_of, zone) for zone in ZONES}
        self.wants: OriginTest = self._recipients[IN_UTC].__getitem__
        """Whether any feed wants lines of an origin."""

    def forget(self, keys: Iterable[Key]) -> None:
        """From the next batch on, others may get these keys' lines, or in another way."""
        for key in keys:
            self._groups.pop(key, None)
            for recipients in self._recipients.values():
                recipients.forget(key)

    def asking(self, lines: Lines, needs: Needs = lambda _: 0.0) -> Asking[FeedGroup] | None:
        """Of filters that are to be asked before these can be routed; None: there are none."""
        recipients, origins = self._recipients[lines.stamps.zone], lines.distinct_origins
        asks = not recipients.tested.isdisjoint(origins)
        for origin in origins.difference(recipients):
            asks |= has_test(recipients[origin])
        return Asking(recipients, needs) if asks else None

    def parcels_for(
        self, records: PartitionRecords, lines: Lines, asked: Asking[FeedGroup] | None = None
    ) -> list[Parcel]:
        """`asked`: about all of these lines, where that has been done."""
        if not lines.origins:
            return []
        if asked is None and (asked := self.asking(lines)) is not None:
            asked.ask(lines, Turn(math.inf))
        recipients = self._recipients[lines.stamps.zone]
        longest = max(map(len, lines.bodies))
        if asked is None:
            touched = _all_to_one(recipients, lines) or _each_to_its_own(recipients, lines, {})
            return [_parcel(group, records, longest) for group in touched]
        touched = _each_to_its_own(recipients, lines, asked.answers)
        return [_parcel(group, records, longest) for group in touched] + [
            Parcel(of, records, (), most, 0, is_unasked=True) for of, most in asked.unanswered()
        ]

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

    def _groups_of(self, key: Key) -> list[FeedGroup]:
        if (known := self._groups.get(key)) is not None:
            return known
        groups: dict[tuple[WireFormat, LineFilter, int], FeedGroup] = {}
        for feed in self._feeds_of(key):
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
        if groups:
            self._groups[key] = [*groups.values()]
        return [*groups.values()]

    def _recipients_of(self, origin: Origin, zone: bytes) -> tuple[_Recipient, ...]:
        return tuple(
            (
                group,
                group.piece_of(origin),
                zone + header_of(origin, group.wire).encode(),
                group.line_test,
            )
            for group in self._groups_of(origin.key)
            if group.wanted.wants_origin(origin)
        )


def _all_to_one(recipients: Recipients[FeedGroup], lines: Lines) -> list[FeedGroup] | None:
    """Puts the parts of all lines together when one group gets them all; else None."""
    first = recipients[lines.origins[0]]
    if len(first) != 1:
        return None
    group, parts, _, _ = first[0]
    headers = {}
    for origin in lines.distinct_origins:
        found = recipients[origin]
        if len(found) != 1 or found[0][1] is not parts:
            return None
        headers[origin] = found[0][2]
    parts += [b""] * (len(lines) * PARTS)
    parts[0::PARTS] = map(_PRI.__getitem__, lines.severities)
    parts[1::PARTS] = lines.stamps.column
    parts[2::PARTS] = map(headers.__getitem__, lines.origins)
    parts[3::PARTS] = lines.bodies
    return [group]


def _each_to_its_own(
    recipients: Recipients[FeedGroup], lines: Lines, answers: Mapping[FeedGroup, Answers]
) -> list[FeedGroup]:
    """Puts the parts of each line together for each group that wants it. The groups, in the order
    of their first lines. `answers`: of those with a filter."""
    touched: list[FeedGroup] = []
    of_lines = map(recipients.__getitem__, lines.origins)
    pris = map(_PRI.__getitem__, lines.severities)
    columns = of_lines, pris, lines.stamps.column, lines.bodies, range(len(lines))
    for found, pri, stamp, body, index in zip(*columns, strict=True):
        for group, parts, header, test in found:
            if test is not None and not answers[group].lets_pass(index):
                continue
            if not parts:
                touched.append(group)
            parts += (pri, stamp, header, body)
    return list(dict.fromkeys(touched))


def _parcel(group: FeedGroup, records: PartitionRecords, longest: int) -> Parcel:
    lines = cut = 0
    data = []
    for parts in group.pieces:
        lines += len(parts) // PARTS
        piece = b"".join(parts)
        if longest > group.plain_bytes_max:
            piece, too_long = packed(piece, group.wire, longest)
            cut += too_long
        data.append(piece)
        parts.clear()
    return Parcel(group, records, tuple(data), lines, cut)

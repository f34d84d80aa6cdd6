"""Lines and feeds → parcels. A line is formatted once, however many drains want it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from drains.delivery.build import connections_of
from drains.delivery.syslog import PRI_AND_VERSION, Wire, framed, header_of, wire_of
from drains.filters import LineFilter, Wanted
from drains.routes import Route
from events.keys import Key
from events.lines import Lines, LogLine, Origin, Wants
from events.records import Run
from shuttle.feed import Feed

ENTRIES_KEPT = 50_000


class Parcel(Struct, gc=False):
    """The lines of one run that a view's feeds want, in wire format."""

    view: View
    run: Run
    data: tuple[bytes, ...]
    """A piece for each connection."""
    lines: int


class View:
    """Feeds that get the same bytes: one key, one wire format, one filter, as many connections."""

    __slots__ = ("feeds", "line_test", "pieces", "wanted", "wire")

    def __init__(self, wire: Wire, wanted: LineFilter, connections: int) -> None:
        self.wire = wire
        self.wanted = wanted
        self.line_test = wanted.line_test()
        self.feeds: list[Feed] = []
        self.pieces: tuple[list[str], ...] = tuple([] for _ in range(connections))
        """Records of the run being routed, by connection."""

    def piece_of(self, origin: Origin) -> list[str]:
        """A tag keeps its connection, so that its lines keep their order."""
        return self.pieces[zlib.crc32(origin.tag.encode()) % len(self.pieces)]


# What one view needs to know to take a line of one origin: the view, its records, the header, and
# the question that is left to ask of the line.
_Taker = tuple[View, list[str], str, Wanted | None]


class _Takers(dict[Origin, tuple[_Taker, ...]]):
    """Found when first asked for."""

    def __init__(self, find: Callable[[Origin], tuple[_Taker, ...]]) -> None:
        self._find = find

    def __missing__(self, origin: Origin) -> tuple[_Taker, ...]:
        if len(self) >= ENTRIES_KEPT:
            self.clear()
        found = self[origin] = self._find(origin)
        return found


class Router:
    """`hostname` replaces HOSTNAME in every record (test mode)."""

    def __init__(self, hostname: str = "") -> None:
        self._hostname = hostname
        self._views: dict[Key, list[View]] = {}
        self._served: dict[Key, tuple[tuple[Feed, Route], ...]] = {}
        """What the views were made for: most keys are the same when routes change."""
        self._takers = _Takers(self._takers_of)
        self.wants: Wants = self._takers.__getitem__
        """Whether any feed wants lines of an origin."""

    def route(self, feeds: Mapping[Key, Sequence[Feed]]) -> None:
        """From the next batch on, these feeds get these keys' lines."""
        before, self._served = self._served, {}
        views, self._views = self._views, {}
        for key, found in feeds.items():
            served = self._served[key] = tuple((feed, feed.route) for feed in found)
            same = before.get(key) == served
            self._views[key] = views[key] if same else self._views_of(found)
        self._takers.clear()

    def parcels_for(self, run: Run, lines: Lines) -> list[Parcel]:
        takers = self._takers
        pri = PRI_AND_VERSION
        touched: list[View] = []
        columns = lines.origins, lines.times, lines.severities, lines.texts
        for origin, time, severity, text in zip(*columns, strict=True):
            for view, records, header, test in takers[origin]:
                if test is None or test(LogLine(origin, time, severity, text)):
                    if not records:
                        touched.append(view)
                    records.append(f"{pri[severity]}{time}{header}{text}")
        return [_parcel(view, run) for view in dict.fromkeys(touched)]

    def _views_of(self, feeds: Sequence[Feed]) -> list[View]:
        views: dict[tuple[Wire, LineFilter, int], View] = {}
        for feed in feeds:
            route = feed.route
            alike = wire_of(route, self._hostname), route.options.filter, connections_of(route)
            view = views.get(alike)
            if view is None:
                view = views[alike] = View(*alike)
            view.feeds.append(feed)
        return list(views.values())

    def _takers_of(self, origin: Origin) -> tuple[_Taker, ...]:
        return tuple(
            (view, view.piece_of(origin), header_of(origin, view.wire), view.line_test)
            for view in self._views.get(origin.key, ())
            if view.wanted.wants_origin(origin)
        )


def _parcel(view: View, run: Run) -> Parcel:
    lines = 0
    data = []
    for records in view.pieces:
        lines += len(records)
        data.append(framed(records, view.wire) if records else b"")
        records.clear()
    return Parcel(view, run, tuple(data), lines)

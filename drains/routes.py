"""Which drains want the lines of which app. Plain values, made by `selectors.py`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, KeysView, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from drains.destination import Destination
from drains.option_values import DEFAULTS, DrainOptions
from events.keys import AppKey, Key
from events.topics import ROUTER, SOURCE_TOPICS


@dataclass(frozen=True, slots=True)
class Route:
    """One drain, as a worker needs to know it."""

    drain_id: str
    key: Key
    destination: Destination
    paused: bool = False
    options: DrainOptions = DEFAULTS
    cursor_version: int = 0
    """Another number than before: its cursors were written by somebody else than a worker."""
    tries: int = 0
    """Another number than before: somebody has asked for a try right now."""
    start_pending: bool = False
    """Its first cursors are still to be written."""
    since_ms: int | None = None
    """Epoch milliseconds: where it begins in partitions that say nothing else; None: there where
    they do."""
    has_delivered: bool = False
    """Whether any line of it has ever been confirmed, as of when it was read."""
    fault: str = ""
    """What of its row cannot be read here, and why: it keeps its place, and nobody is dialled."""
    connections_max: int = 1024
    """How many any drain may have."""
    width: int = 1
    """How many connections its worker has given it by itself."""

    @property
    def rests(self) -> bool:
        """Whether nobody is to be dialled."""
        return self.paused or bool(self.fault)

    @property
    def takes_lines(self) -> bool:
        """Whether anything is to be sent."""
        return not (self.rests or self.start_pending)

    @property
    def connections(self) -> int:
        """How many the drain has: a socket more that does not connect would change nothing."""
        if not self.destination.transport.connects:
            return 1
        return min(self.options.connections or self.width, self.connections_max)

    @property
    def widest(self) -> int:
        """Up to which `width` its worker may go."""
        if self.options.connections:
            return 1
        return min(self.destination.transport.connections_when_full, self.connections_max)

    @property
    def max_lag_seconds(self) -> float:
        """How old a line may be when it has fallen behind."""
        return min(self.options.max_lag_seconds, self.destination.transport.max_lag_seconds)


class RouteMark(NamedTuple):
    """Up to where routes have been read."""

    number: int
    """Of the last change."""
    unstamped: int = 0
    """So many changes have not said of which drains they are."""


class RouteChanges(NamedTuple):
    """What has changed since a mark."""

    mark: RouteMark
    """Of the last change that is among these."""
    routes: Sequence[Route] = ()
    """Of drains that are new, or not what they were."""
    gone: Collection[str] = ()
    """Ids of drains that are no more."""
    is_whole: bool = False
    """These are all routes there are, whatever was known before."""


class RouteTable:
    """The routes that a worker follows, by drain and by whose lines they get. A change costs what
    it changes, however many there are."""

    def __init__(self) -> None:
        self.by_id: dict[str, Route] = {}
        self.by_key: dict[Key, tuple[Route, ...]] = {}
        self._apps: dict[str, set[Key]] = {}
        """By space: its apps that have a drain."""

    def follow(self, changes: RouteChanges) -> set[Key]:
        """Returns the keys whose routes are others now."""
        changed = set()
        for drain_id in list(self.gone(changes)):
            if (route := self.by_id.pop(drain_id, None)) is not None:
                changed.add(route.key)
                self._take_out(route)
        for route in changes.routes:
            before = self.by_id.get(route.drain_id)
            if before != route:
                changed.add(route.key)
                self._put_in(route, before)
        return changed

    def gone(self, changes: RouteChanges) -> Collection[str]:
        """The drains that these end."""
        if changes.is_whole:
            return self.by_id.keys() - {route.drain_id for route in changes.routes}
        return changes.gone

    def wanting(self, topic: str) -> Iterator[Route]:
        """Of the drains that may have lines in a topic (see events.topics.topics_of)."""
        keys: Iterable[Key]
        if topic == ROUTER.topic:
            keys = self.by_key
        elif topic in SOURCE_TOPICS:
            keys = chain.from_iterable(self._apps.values())
        else:
            keys = self._apps.get(topic, ())
        return chain.from_iterable(map(self.by_key.__getitem__, keys))

    @property
    def spaces(self) -> KeysView[str]:
        """The spaces that have an app with a drain: only their topics need to be consumed."""
        return self._apps.keys()

    def _put_in(self, route: Route, before: Route | None) -> None:
        """A drain's key never changes."""
        key = route.key
        routes = self.by_key.get(key, ())
        self.by_id[route.drain_id] = route
        if before is not None:
            self.by_key[key] = tuple(route if of is before else of for of in routes)
            return
        self.by_key[key] = (*routes, route)
        if isinstance(key, AppKey):
            self._apps.setdefault(key.space, set()).add(key)

    def _take_out(self, route: Route) -> None:
        key = route.key
        self.by_key[key] = tuple(of for of in self.by_key[key] if of is not route)
        if self.by_key[key]:
            return
        del self.by_key[key]
        if isinstance(key, AppKey):
            self._apps[key.space].discard(key)
            if not self._apps[key.space]:
                del self._apps[key.space]

"""Which drains want the lines of which app. Plain values, made by `selectors.py`, swapped whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

from drains.destination import Destination
from drains.option_values import DEFAULTS, DrainOptions
from events.keys import AppKey, Key


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


class RouteTable:
    """All routes of one version: immutable, so that a reader never sees half a change."""

    def __init__(self, version: int, routes: Iterable[Route]) -> None:
        self.version = version
        by_key: dict[Key, list[Route]] = {}
        by_id = {}
        for route in routes:
            by_key.setdefault(route.key, []).append(route)
            by_id[route.drain_id] = route
        self.by_key = MappingProxyType({key: tuple(found) for key, found in by_key.items()})
        self.by_id = MappingProxyType(by_id)

    @property
    def spaces(self) -> frozenset[str]:
        """The spaces that have an app with a drain: only their topics need to be consumed."""
        return frozenset(key.space for key in self.by_key if isinstance(key, AppKey))

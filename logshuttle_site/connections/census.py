"""Who is connected, and who has to go when there are too many: nobody has more than a share.

A connection costs a file, and what has come of a body costs memory. One that *waits* has asked for
nothing whole yet: it is idle, or its headers or body are still on their way. Those that have waited
longest end first; a peer that has more than its share of them ends its own. A peer is an address,
of IPv6 its /64. The trusted proxies speak for many clients: their connections have no share, but
each request and body counts to the client that they name (forwarded.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Protocol

from events.addresses import peer_of
from logshuttle_site.connections.refusals import RefusedError
from logshuttle_site.forwarded import client_of

FILES_KEPT_BACK = 32
"""For Kafka, the database, files of our own, and for newcomers, who may be probes."""
NEWCOMERS = 8
WAITING_MAX = 2048
BODIES_BYTES_MAX = 16 * 1024 * 1024
REQUESTS_OF_A_PEER_MAX = 256
"""That the application has not begun to answer."""
PROBES_OF_A_PEER_MAX = 32
"""The same, of probes, which count for themselves."""
SHARE_OF_A_PEER = 4
"""One part in so many."""


@dataclass(frozen=True, slots=True)
class Room:
    """How many connections there may be: of all, of those that wait, and of one peer."""

    connections: int

    @classmethod
    def of_files(cls, files: int) -> Room:
        return cls(max(files - FILES_KEPT_BACK, NEWCOMERS))

    @property
    def waiting(self) -> int:
        return min(self.connections // 2, WAITING_MAX)

    @property
    def waiting_of_a_peer(self) -> int:
        return max(self.waiting // SHARE_OF_A_PEER, 1)

    @property
    def requests_of_a_peer(self) -> int:
        return max(min(self.connections // SHARE_OF_A_PEER, REQUESTS_OF_A_PEER_MAX), 1)

    @property
    def requests(self) -> int:
        return self.requests_of_a_peer * SHARE_OF_A_PEER


@dataclass(slots=True)
class Turn:
    """A request, until the application begins to answer it or ends."""

    counted: Counter[str] | None = None
    """With those of its kind, by peer. None: no more."""
    peer: str = ""


class Guest(Protocol):
    """A connection."""

    peer: str
    """Empty: it has no share, for it speaks for many."""
    client: str
    """The peer whose the request at hand is."""

    def end(self, refused: RefusedError) -> None: ...
    def look(self, now: float) -> None:
        """Ends itself when it has taken too long."""


class Census:
    """`trusted`: the addresses of front doors."""

    def __init__(self, room: Room, trusted: Container[str] = ()) -> None:
        self.room = room
        self.connected = 0
        self.bodies_bytes = 0
        """Of requests that are not answered yet."""
        self._trusted = trusted
        self._waiting: dict[Guest, None] = {}
        self._waiting_of: dict[str, dict[Guest, None]] = {}
        self._requests_of: Counter[str] = Counter()
        self._probes_of: Counter[str] = Counter()
        self._bodies: dict[Guest, int] = {}
        self._bodies_of: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def peer_of(self, address: str) -> str:
        """Whose share a connection from there counts to; empty for a trusted proxy."""
        return "" if address in self._trusted else peer_of(address)

    def client_of(self, proxy: str, headers: Iterable[tuple[bytes, list[bytes]]]) -> str:
        """Whose share a request counts to that came from a trusted proxy. `headers`: by name."""
        lines = ((name.lower(), value) for name, values in headers for value in values)
        return peer_of(client_of(lines, proxy, self._trusted))

    def comes(self, guest: Guest) -> None:
        self.connected += 1
        self.waits(guest)

    def waits(self, guest: Guest) -> None:
        """Its request, where it had one, is answered. One that has waited longer may have to go."""
        self._forget_body(guest)
        self._waiting[guest] = None
        own = self._waiting_of.setdefault(guest.peer, {})
        own[guest] = None
        is_full = self.connected > self.room.connections and self.waiting > NEWCOMERS
        if guest.peer and len(own) > self.room.waiting_of_a_peer:
            self._end(next(iter(own)), RefusedError(429, "peer_share", "too many connections"))
        elif is_full or self.waiting > self.room.waiting:
            self._end(next(iter(self._waiting)), RefusedError(503, "no_room", _NO_ROOM))

    def holds(self, guest: Guest, size: int) -> None:
        """So many bytes of its body have come. Too many of its peer, or of all: the oldest ends."""
        more = size - self._bodies.get(guest, 0)
        self._bodies[guest] = size
        self.bodies_bytes += more
        self._bodies_of[guest.client] += more
        if self._bodies_of[guest.client] > BODIES_BYTES_MAX // SHARE_OF_A_PEER:
            self._end_a_body([other for other in self._bodies if other.client == guest.client])
        elif self.bodies_bytes > BODIES_BYTES_MAX:
            self._end_a_body(list(self._bodies))

    def asks(self, guest: Guest, *, is_probe: bool) -> Turn:
        """Its request is whole. Raises RefusedError when its peer, or all, have too many."""
        if is_probe:
            self._refuse_probe(guest.client)
        else:
            self._refuse_request(guest.client)
        self._wait_no_more(guest)
        counted = self._probes_of if is_probe else self._requests_of
        counted[guest.client] += 1
        return Turn(counted, guest.client)

    def _refuse_probe(self, client: str) -> None:
        if self._probes_of[client] >= PROBES_OF_A_PEER_MAX:
            raise RefusedError(429, "peer_probes", "too many probes at a time")

    def _refuse_request(self, client: str) -> None:
        if self._requests_of[client] >= self.room.requests_of_a_peer:
            raise RefusedError(429, "peer_requests", "too many requests at a time")
        is_full = self.connected - self.waiting >= self.room.connections
        if is_full or self._requests_of.total() >= self.room.requests:
            raise RefusedError(503, "no_room", _NO_ROOM)

    def begins(self, turn: Turn) -> None:
        """To be answered, or nobody will. A client that has gone leaves the work behind: its turn
        lasts as long as that."""
        counted, turn.counted = turn.counted, None
        if counted is None:
            return
        counted[turn.peer] -= 1
        if not counted[turn.peer]:
            del counted[turn.peer]

    def goes(self, guest: Guest) -> None:
        self.connected -= 1
        self._wait_no_more(guest)
        self._forget_body(guest)

    def look(self, now: float) -> None:
        """Once a second: who has taken too long?"""
        for guest in list(self._waiting):
            guest.look(now)

    def _end(self, guest: Guest, refused: RefusedError) -> None:
        self._wait_no_more(guest)
        self._forget_body(guest)
        guest.end(refused)

    def _end_a_body(self, candidates: list[Guest]) -> None:
        """Of one that is whole the application has the body already."""
        oldest = next((guest for guest in candidates if guest in self._waiting), None)
        if oldest is not None:
            self._end(oldest, RefusedError(503, "no_room_for_bodies", _NO_ROOM))

    def _wait_no_more(self, guest: Guest) -> None:
        self._waiting.pop(guest, None)
        own = self._waiting_of.get(guest.peer, {})
        own.pop(guest, None)
        if not own:
            self._waiting_of.pop(guest.peer, None)

    def _forget_body(self, guest: Guest) -> None:
        size = self._bodies.pop(guest, 0)
        self.bodies_bytes -= size
        self._bodies_of[guest.client] -= size
        if not self._bodies_of[guest.client]:
            del self._bodies_of[guest.client]


_NO_ROOM = "there is no room for more at this moment; try again soon"

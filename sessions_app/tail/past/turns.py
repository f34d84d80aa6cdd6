"""Whose turn it is to read the past: by session, then by owner.

What a reader costs is a seat, and the event loop's time while it reads. So an owner has two seats
at most, and a session one: however many come to an app's URLs, others find a seat free, or wait for
a turn, which ends soon.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterator
from typing import NamedTuple

from events.keys import Key

SEATS = 4
SEATS_OF_AN_OWNER = 2
SEATS_OF_A_SESSION = 1


class Reader(NamedTuple):
    """Who wants to read."""

    owner: Key
    session: str
    """Its name."""


class Turns:
    """Owns the seats, and who waits for one."""

    def __init__(self) -> None:
        self._seated: Counter[Key | str] = Counter()
        """How many of each owner, and of each session."""
        self._free = SEATS
        # Who was served last stands last, owners as sessions.
        self._waiting: dict[Key, dict[str, deque[asyncio.Future[None]]]] = {}

    @property
    def seated(self) -> int:
        return SEATS - self._free

    def is_missed(self, reader: Reader) -> bool:
        """Whether somebody waits who could read if this one left."""
        return next(self._allowed(without=reader), None) is not None

    async def take(self, reader: Reader) -> None:
        """A seat, which is given back with `leave`."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sessions = self._waiting.setdefault(reader.owner, {})
        sessions.setdefault(reader.session, deque()).append(turn)
        self._serve()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave(reader)  # it was served in the same moment
            else:
                self._forget(reader, turn)
            raise

    def leave(self, reader: Reader) -> None:
        self._free += 1
        for whose in (reader.owner, reader.session):
            self._seated[whose] -= 1
            if not self._seated[whose]:
                del self._seated[whose]
        self._serve()

    def _serve(self) -> None:
        while self._free and (reader := next(self._allowed(), None)):
            turn = self._next_of(reader)
            if not turn.cancelled():
                turn.set_result(None)
                self._free -= 1
                self._seated.update(reader)

    def _next_of(self, reader: Reader) -> asyncio.Future[None]:
        """Who comes behind goes to the end, of the sessions of an owner as of the owners."""
        sessions = self._waiting.pop(reader.owner)
        turns = sessions.pop(reader.session)
        turn = turns.popleft()
        if turns:
            sessions[reader.session] = turns
        if sessions:
            self._waiting[reader.owner] = sessions
        return turn

    def _allowed(self, without: Reader | None = None) -> Iterator[Reader]:
        """Who may be served, first of all who was not for the longest time."""
        seated = self._seated - Counter(without or ())
        for owner, sessions in self._waiting.items():
            if seated[owner] < SEATS_OF_AN_OWNER:
                for session in sessions:
                    if seated[session] < SEATS_OF_A_SESSION:
                        yield Reader(owner, session)

    def _forget(self, reader: Reader, turn: asyncio.Future[None]) -> None:
        sessions = self._waiting.get(reader.owner, {})
        turns = sessions.get(reader.session, deque())
        if turn in turns:
            turns.remove(turn)
            if not turns:
                del sessions[reader.session]
            if not sessions:
                del self._waiting[reader.owner]

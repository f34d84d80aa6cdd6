"""How many read one session in this process: a bound for each, so that others have room."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from threading import Lock

PROMISED_SECONDS = 10.0
"""So long a place is kept for who was told to come in."""


class Places:
    """Owns who has a place. May be used from any thread: it is asked before a stream begins."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._taken: Counter[str] = Counter()
        self._promised: dict[Place, float] = {}
        """Until when."""

    def taken(self, session: str) -> int:
        """Of a session, by its name."""
        with self._lock:
            self._forget_late()
            return self._taken[session]

    def take(self, session: str, most: int) -> Place | None:
        """To be entered soon. None where so many are taken already."""
        with self._lock:
            self._forget_late()
            if self._taken[session] >= most:
                return None
            self._taken[session] += 1
            place = Place(self, session)
            self._promised[place] = self._clock() + PROMISED_SECONDS
            return place

    def enter(self, place: Place) -> None:
        with self._lock:
            if self._promised.pop(place, None) is None:  # it has come late
                self._taken[place.session] += 1

    def leave(self, place: Place) -> None:
        with self._lock:
            self._give_back(place)

    def _forget_late(self) -> None:
        now = self._clock()
        for place in [place for place, until in self._promised.items() if until <= now]:
            del self._promised[place]
            self._give_back(place)

    def _give_back(self, place: Place) -> None:
        self._taken[place.session] -= 1
        if not self._taken[place.session]:
            del self._taken[place.session]


class Place:
    """One reader's: his while the block runs."""

    def __init__(self, places: Places, session: str) -> None:
        self._places = places
        self.session = session

    def __enter__(self) -> None:
        self._places.enter(self)

    def __exit__(self, *_: object) -> None:
        self._places.leave(self)

"""What a receiver may say that answers nothing, and its rest when that was too much.

A TLS record that only renews the keys costs us 30 µs and its sender next to nothing: 64 KiB of
them are 75 ms.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Hashable

from drains.delivery.network.errors import FloodError

UNANSWERING_BYTES_MAX = 64 * 1024
UNANSWERING_SECONDS = 3600.0
"""So many bytes in so long, over all connections of a drain."""
REST_SECONDS = 300.0, 600.0
"""A drain whose receiver floods us is left alone for between so long and so long."""


class Heard:
    """Of one drain's receiver; outlives its connections, so that a new one forgives nothing."""

    __slots__ = ("_at", "_bytes", "_clock", "_how", "_rests_until", "owner")

    def __init__(self, owner: Hashable, clock: Callable[[], float] = time.monotonic) -> None:
        """`owner`: whose share of the event loop's turns it is. `clock`: monotonic seconds."""
        self.owner = owner
        self._clock = clock
        self._bytes, self._at = 0.0, clock()
        self._how, self._rests_until = "", 0.0

    def add(self, size: int) -> None:
        """So many bytes off the wire that answer nothing. Raises FloodError."""
        now = self._clock()
        forgotten = (now - self._at) * UNANSWERING_BYTES_MAX / UNANSWERING_SECONDS
        self._bytes, self._at = max(self._bytes - forgotten, 0.0) + size, now
        if self._bytes > UNANSWERING_BYTES_MAX:
            kib = UNANSWERING_BYTES_MAX // 1024
            raise self.flooded(f"{kib} KiB of TLS records within an hour that answer nothing")

    def flooded(self, how: str) -> FloodError:
        """It is to be left alone from now on."""
        rest_seconds = random.uniform(*REST_SECONDS)  # noqa: S311
        self._how, self._rests_until = how, self._clock() + rest_seconds
        return FloodError(how, rest_seconds)

    def check(self) -> None:
        """Raises FloodError while it is to be left alone."""
        left_seconds = self._rests_until - self._clock()
        if left_seconds > 0:
            raise FloodError(self._how, left_seconds)

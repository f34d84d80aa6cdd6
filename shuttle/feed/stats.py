"""What has become of one drain's lines: how many its receiver has confirmed, how many it will
never get, and what it is still to be told of those."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from drains.routes import Route
from events.kafka.records import is_credible
from shuttle.feed.context import Registers
from shuttle.feed.loss_notices import REFUSED, Notice, Notices, record_of
from shuttle.feed.writes import Write


class DrainStats:
    def __init__(self, scheme: str, registers: Registers[Any], on_lost: Callable[[], None]) -> None:
        """`on_lost` is called when lines have been lost."""
        self.scheme = scheme
        self.lines_confirmed = 0
        self.bytes_confirmed = 0
        self.last_delivery_at: float | None = None
        """Epoch seconds."""
        self.lines_lost: Counter[str] = Counter()
        """By reason (notices)."""
        self._registers = registers
        self._on_lost = on_lost
        self._notices = Notices()
        self.bytes_here = 0
        """Confirmed, of this connection or the last one."""
        self._refused_here = 0

    def opened(self) -> None:
        """A new connection counts from nothing."""
        self.bytes_here = self._refused_here = 0

    def confirmed(self, write: Write) -> None:
        if write.lines:
            registers = self._registers
            self._add(write.lines)
            now = registers.wall_clock()
            if is_credible(write.oldest_ms, now * 1000):
                registers.delays.observe(now - write.oldest_ms / 1000, write.lines)

    def progressed(self, bytes_here: int) -> bool:
        """Whether its receiver has confirmed more than before; all of this connection."""
        new = bytes_here - self.bytes_here
        if new <= 0:
            return False
        self.bytes_here = bytes_here
        self.bytes_confirmed += new
        self.last_delivery_at = self._registers.wall_clock()
        return True

    def refused(self, lines_here: int) -> None:
        """Of this connection; they were counted as confirmed with the rest of their write."""
        new = lines_here - self._refused_here
        if new:
            self._refused_here = lines_here
            self._add(-new)
            self.lost(new, REFUSED)

    def lost(self, lines: int, reason: str, *, exact: bool = True) -> None:
        """Lines that this drain will never get. It is told so in its own stream."""
        self.lines_lost[reason] += lines
        self._registers.lines_lost[reason] += lines
        self._on_lost()
        self._notices.lost(lines, reason, self._registers.wall_clock(), exact=exact)

    def has_notice(self, now: float) -> bool:
        """Whether its receiver is to be told now of lost lines. `now`: monotonic seconds."""
        return self._notices.is_due(now)

    def take_notice(self, route: Route, now: float) -> tuple[Notice, bytes]:
        """What is due, and the record that says so."""
        notice, registers = self._notices.take(now), self._registers
        return notice, record_of(notice, route, registers.hostname, registers.wall_clock())

    def put_back(self, notice: Notice) -> None:
        """It did not get there."""
        self._notices.put_back(notice)

    def _add(self, lines: int) -> None:
        self.lines_confirmed += lines
        self._registers.lines_confirmed[self.scheme] += lines

"""What has become of one drain's lines: how many its receiver has confirmed, how many it will
never get, and what it is still to be told of those."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from events.kafka.records import is_credible
from shuttle.feed.loss_notices import LossNotices
from shuttle.feed.totals import Totals
from shuttle.feed.writes import Progress, Write


class DrainStats:
    """`wall` is epoch seconds. `scheme`: the drain's, under which the worker's totals count."""

    def __init__(self, scheme: str, totals: Totals) -> None:
        self.scheme = scheme
        self.lines_confirmed = 0
        self.bytes_confirmed = 0
        self.last_delivery_at: float | None = None
        """Epoch seconds."""
        self.lines_lost: Counter[str] = Counter()
        """By reason (loss_notices.py)."""
        self.lines_cut = 0
        """Too long to be handed over whole; counted again when they are handed over again."""
        self.notices = LossNotices()
        """What its owner is still to be told."""
        self._totals = totals

    def confirmed(self, write: Write, wall: float) -> None:
        if write.lines:
            self._add(write.lines)
            first_ms = write.first_ms
            if is_credible(first_ms, wall * 1000):
                self._totals.delays.observe(wall - first_ms / 1000, write.lines)

    def progressed(self, progress: Progress, wall: float) -> None:
        """Its receiver has confirmed so much more. What it refused of that is not delivered."""
        for write in progress.writes:
            self.confirmed(write, wall)
        if progress.bytes:
            self.bytes_confirmed += progress.bytes
            self.last_delivery_at = wall
        if progress.refused:
            self._add(-progress.refused)

    def cut(self, lines: int) -> None:
        self.lines_cut += lines
        self._totals.lines_cut += lines

    def lost(self, lines: int, reason: str, wall: float, *, exact: bool = True) -> None:
        """Lines that this drain will never get. It is told so in its own stream."""
        self.lines_lost[reason] += lines
        self._totals.lines_lost[reason] += lines
        self.notices.lost(lines, reason, wall, exact=exact)

    def untold(self, writes: Iterable[Write]) -> None:
        """What its owner was to be told with these is still to be told."""
        for write in writes:
            if write.notice is not None:
                self.notices.put_back(write.notice)

    def _add(self, lines: int) -> None:
        self.lines_confirmed += lines
        self._totals.lines_confirmed[self.scheme] += lines

"""What is sent again after connections have ended, in portions that get smaller and larger.

A kernel confirms bytes that nobody may ever read. So when a connection ends, what was confirmed
lately is sent again; and when that ends as well, only *a portion* of it at a time, each over a
connection of its own that shows whether the portion was read: half as much as failed, down to one
line; four times as much as went well. A line that ends its connection three times, where others
pass, is given up: a receiver that has no room for it is to miss that line and no other.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Set
from typing import cast

from drains.delivery.senders.checkpoints import KEPT_SECONDS
from events.kafka.records import Offsets, TopicPartition
from shuttle.feed.portion import (
    Portion,
    Window,
    bounds_of,
    first_half_of,
    longest_of,
    overlap,
    width_of,
)
from shuttle.feed.writes import GivenUp, Write

STANDS_SECONDS = KEPT_SECONDS + 0.5
"""What a connection has carried for so long without ending has been read."""
FORGOTTEN_SECONDS = 600.0
"""An end that comes so much later is another story."""
NEIGHBOURS, NEIGHBOURS_MAX = 4, 64
TRIES = 3
"""A line is given up after so many connections of its own."""
EAGER_SECONDS, TRIES_SECONDS = (0.05, 0.25), (1.0, 3.0)
FIRST_OFFSETS = 64
GROWTH = 4


class Portions:
    """Owns what is in doubt of what a receiver was sent, and the `portion` that is tried next.

    Times are monotonic seconds.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Nothing is in doubt."""
        self.portion: Portion | None = None
        self.hangs = False
        """It has stopped reading: that a connection stands shows nothing."""
        self._doubted: Offsets = {}
        """Up to here everything is to be confirmed once more."""
        self._to_confirm: frozenset[TopicPartition] = frozenset()
        self._stands_at = math.inf
        """When all of that will have stood for long enough, or no longer matters."""
        self.at: Offsets = {}
        """How far it got, by partition. While there is a portion, no cursor may be beyond this."""
        self._failed: Offsets = {}
        """Where the smallest portion ends that ended a connection."""
        self._suspected: Window = {}
        """Where the line may be that is too long."""
        self._width = FIRST_OFFSETS
        """Of the next portion, while none of that kind is known."""
        self._tries = 0
        """Connections that the line alone has ended which is tried."""
        self._suspect: GivenUp | None = None
        """That line, while the one behind it is tried."""
        self._misses, self._most_misses = 0, NEIGHBOURS
        """How many behind it did not pass either, and after how many it is waited."""
        self._is_stuck = False

    @property
    def wait_seconds(self) -> tuple[float, float] | None:
        """How long to wait between two tries, at least and at most; None: ever longer. That is when
        not even a line alone gets there: it may be the receiver that is ill. One that has stopped
        reading takes seconds for each try by itself."""
        if self.portion is None or self._is_stuck:
            return None
        return TRIES_SECONDS if self._tries and not self.hangs else EAGER_SECONDS

    def confirmed(self, write: Write, now: float) -> None:
        """While there is no portion."""
        if self._to_confirm:
            for partition, part in write.parts.items():
                if part.end >= self._doubted.get(partition, part.end):
                    self._to_confirm -= {partition}
            if not self._to_confirm:
                self._stands_at = now + STANDS_SECONDS

    def forget(self, partitions: Set[TopicPartition]) -> None:
        """Partitions that are another worker's."""
        for known in (self._doubted, self.at, self._failed, self._suspected):
            for partition in known.keys() & partitions:
                del known[partition]
        self._to_confirm -= partitions
        if self.portion is not None:
            self.portion.forget(partitions)
        if not self._doubted:
            self.reset()
        elif self._suspect is not None and not self._suspect.ends.keys() <= self.at.keys():
            self._suspect, self._tries = None, 0
            self._choose()

    def ended(self, writes: Collection[Write], now: float, *, hung: bool) -> None:
        """A connection has ended with these in doubt; `hung`: the receiver had stopped reading."""
        self.hangs = self.hangs or hung
        if self.portion is not None:
            self._portion_failed(writes)
            return
        once_more = bool(self._doubted) and now < self._stands_at
        self.at, self._doubted = bounds_of(writes)
        self._to_confirm, self._stands_at = frozenset(self._doubted), now + FORGOTTEN_SECONDS
        self._suspected = longest_of(writes)
        if once_more or hung or self._suspected:
            self._failed = dict(self._doubted)
            self._choose()

    def passed(self, lines: int) -> GivenUp | None:
        """So many lines of the portion were handed over, and have been read.

        Returns what is given up now that others went well.
        """
        portion, suspect = cast(Portion, self.portion), self._suspect
        if not lines and suspect is not None:
            self._width *= GROWTH
            self._try_behind(suspect, portion.ends, at_the_end=not portion.ends)
            return None
        if lines:
            self._tries, self._is_stuck = 0, False
        self._suspect = None
        # What lies between a line that is given up and the one that passed is tried for itself.
        self.at |= portion.ends if suspect is None else suspect.ends
        if not self._window(self._failed):
            self._width *= GROWTH
        self._choose()
        return suspect

    def _portion_failed(self, writes: Collection[Write]) -> None:
        begins, ends = bounds_of(writes)
        lines = sum(write.lines for write in writes)
        if self._suspect is not None:
            self._not_behind_either(self._suspect, ends, lines)
            return
        self.at |= begins  # what stood for long has been read
        if not overlap(self._window(ends), self._suspected):
            self._suspected = {}  # it is another
        self._failed, self._width = ends, FIRST_OFFSETS
        if lines > 1 and width_of(self._window(ends)) > 1:
            self._tries = 0
            self._choose()
            return
        self.portion = Portion(ends)
        self._tries += 1
        if self._tries >= TRIES:  # unless the receiver is ill, what comes behind it passes
            self._width, self._misses = 1, 0
            size = sum(write.size for write in writes)
            self._try_behind(GivenUp(dict(ends), lines, size), ends, at_the_end=False)

    def _try_behind(self, line: GivenUp, behind: Offsets, *, at_the_end: bool) -> None:
        """Whether what comes behind these offsets passes. `at_the_end`: no more is to be tried."""
        if at_the_end:
            self._wait_with(line)
            return
        self._suspect = line
        ends = {partition: end + self._width for partition, end in behind.items()}
        self.portion = Portion(ends, left_out=self._window(behind))

    def _not_behind_either(self, line: GivenUp, ends: Offsets, lines: int) -> None:
        """These many, up to these offsets, did not pass either."""
        behind = cast(Portion, self.portion).left_out_to
        if lines > 1:  # one of them may
            self._width = max(max(ends[p] - behind[p] for p in ends) // 2, 1)
        else:
            self._misses, self._width, behind = self._misses + 1, 1, ends
        self._try_behind(line, behind, at_the_end=self._misses >= self._most_misses)

    def _wait_with(self, line: GivenUp) -> None:
        """Nothing shows that it is this line's fault."""
        self.portion, self._suspect = Portion(line.ends), None
        self._tries, self._is_stuck = 0, True
        self._most_misses = min(2 * self._most_misses, NEIGHBOURS_MAX)

    def _choose(self) -> None:
        """The next portion, or none when nothing is in doubt any more."""
        if window := self._window(self._failed):
            self.portion = Portion(self._but_the_suspected(window) or first_half_of(window))
        elif window := self._window(self._doubted):
            ends = {p: min(begin + self._width, end) for p, (begin, end) in window.items()}
            self.portion = Portion(ends)
        else:
            self.reset()

    def _but_the_suspected(self, window: Window) -> Offsets | None:
        """All but what may be too long; then that alone."""
        if not overlap(window, self._suspected):
            return None
        suspected = self._suspected
        ends = {p: suspected[p][0] if p in suspected else end for p, (_, end) in window.items()}
        if rest := {p: end for p, end in ends.items() if window[p][0] < end}:
            return rest
        self._suspected = {}
        return {p: min(suspected[p][1], end) for p, (_, end) in window.items() if p in suspected}

    def _window(self, ends: Offsets) -> Window:
        """From where it got to up to these."""
        begins = {partition: self.at.get(partition, end) for partition, end in ends.items()}
        return {p: (begins[p], end) for p, end in ends.items() if begins[p] < end}

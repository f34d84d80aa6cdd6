"""How much of what a receiver confirmed lately is sent again when its connection ends.

A kernel confirms bytes that nobody may ever read, so 5 s of them are distrusted. But a receiver
that resets again and again would then be sent the same bytes for ever: a second reset distrusts
half as much, a third nothing. All of it is distrusted again once everything that was sent before
is confirmed again, or a connection has confirmed a good deal more than was sent again over it:
with many partitions to replay, the last of them may be minutes away.
"""

from __future__ import annotations

from collections.abc import Iterable

from drains.delivery.checkpoints import NO_STEP_BACK, StepBack
from events.records import TopicPartition
from shuttle.marks import Mark

GAIN = 1.5
"""So many times the bytes that were sent again: the receiver gets on even so."""


class Distrust:
    def __init__(self) -> None:
        self._frontier: dict[TopicPartition, int] = {}
        self._resets = 0
        self._bytes_again = 0
        """The most that one of these resets has sent again, of what had been confirmed."""

    @property
    def step_back(self) -> StepBack:
        """For the next end of a connection."""
        return (StepBack(), StepBack().halved())[self._resets] if self._resets < 2 else NO_STEP_BACK

    def sent_again(self, marks: Iterable[Mark]) -> None:
        """A connection ended, and all this is to be confirmed once more."""
        confirmed = 0
        for mark in marks:
            for source, end in mark.ends.items():
                self._frontier[source] = max(self._frontier.get(source, end), end)
            if mark.confirmed:
                confirmed += mark.size
        self._bytes_again = max(self._bytes_again, confirmed)
        self._resets += 1

    def forget(self, source: TopicPartition) -> None:
        """A partition that is another worker's is confirmed there."""
        self._frontier.pop(source, None)
        if not self._frontier:
            self._trust_again()

    def progressed(self, confirmed_bytes: int) -> None:
        """So many bytes, all of this connection."""
        if self._resets and confirmed_bytes > GAIN * self._bytes_again:
            self._trust_again()

    def confirmed(self, mark: Mark) -> None:
        if not self._frontier:
            return
        for source, end in mark.ends.items():
            if end >= self._frontier.get(source, end + 1):
                del self._frontier[source]
        if not self._frontier:
            self._trust_again()

    def _trust_again(self) -> None:
        self._frontier.clear()
        self._resets = self._bytes_again = 0

"""What is sent again after a connection has ended, and how fast: three rules of a replay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from drains.delivery.network.errors import UnansweredError
from drains.delivery.senders.checkpoints import KEPT_SECONDS, NO_STEP_BACK, StepBack
from events.kafka.records import TopicPartition
from shuttle.feed.writes import Write

GAIN = 1.5
"""So many times the bytes that were sent again: the receiver gets on even so."""
FULL_RESETS = 4
PORTION_BYTES_MIN = 32 * 1024
STANDS_SECONDS = KEPT_SECONDS + 0.5

LINES_PER_SECOND = 5_000


class ResendGuard:
    """How much of what a receiver confirmed lately is sent again when its connection ends.

    A kernel confirms bytes that nobody may ever read, so 5 s of them are distrusted. But a receiver
    that resets again and again would then be sent the same bytes for ever. So from the second reset
    on it is sent only some of them at a time, half as much as it took before: what stands for 5 s
    has been read, and the next reset cannot take it back. Where not even that gets on, a fifth
    reset distrusts half as much, a sixth nothing.

    All is as before once everything that was sent is confirmed again, or a connection has confirmed
    a good deal more than was sent again: with many partitions to replay, the last may be far away.
    """

    def __init__(self) -> None:
        self._frontier: dict[TopicPartition, int] = {}
        self._resets = 0
        self._bytes_again = 0
        """The most that one of these resets has sent again, of what had been confirmed."""
        self._portion_bytes: int | None = None
        self._portion_sent = 0
        self._portion_stands_at = 0.0

    @property
    def step_back(self) -> StepBack:
        """For the next end of a connection."""
        if self._resets < FULL_RESETS:
            return StepBack()
        return StepBack().halved() if self._resets == FULL_RESETS else NO_STEP_BACK

    def sent_again(self, writes: Iterable[Write], confirmed_bytes: int) -> None:
        """A connection ended that had confirmed so much; all this is to be confirmed once more."""
        again = 0
        for write in writes:
            for partition, end in write.ends.items():
                self._frontier[partition] = max(self._frontier.get(partition, end), end)
            if write.confirmed:
                again += write.size
        self._bytes_again = max(self._bytes_again, again)
        self._resets += 1
        if self._resets > 1:
            before = self._portion_bytes or confirmed_bytes
            self._portion_bytes = max(min(before, confirmed_bytes) // 2, PORTION_BYTES_MIN)
            self._portion_sent = 0

    def may_send(self, now: float) -> bool:
        """Whether a replay may hand over more. `now`: monotonic seconds."""
        if self._portion_bytes is None or self._portion_sent < self._portion_bytes:
            return True
        if now < self._portion_stands_at:
            return False
        self._portion_bytes *= 2
        self._portion_sent = 0
        return True

    def sent(self, size: int, now: float) -> None:
        if self._portion_bytes is not None:
            self._portion_sent += size
            self._portion_stands_at = now + STANDS_SECONDS

    def forget(self, partition: TopicPartition) -> None:
        """A partition that is another worker's is confirmed there."""
        self._frontier.pop(partition, None)
        if not self._frontier:
            self._trust_again()

    def progressed(self, confirmed_bytes: int) -> None:
        """So many bytes, all of this connection."""
        if self._resets and confirmed_bytes > GAIN * self._bytes_again:
            self._trust_again()

    def confirmed(self, write: Write) -> None:
        if not self._frontier:
            return
        for partition, end in write.ends.items():
            if end >= self._frontier.get(partition, end + 1):
                del self._frontier[partition]
        if not self._frontier:
            self._trust_again()

    def _trust_again(self) -> None:
        self._frontier.clear()
        self._resets = self._bytes_again = 0
        self._portion_bytes = None


class Pace:
    """How fast a replay may go to a receiver that cannot say when it is full."""

    def __init__(self, lines_per_second: float = LINES_PER_SECOND) -> None:
        self._seconds_a_line = 1 / lines_per_second
        self._free_at = 0.0

    def sent(self, lines: int, now: float) -> None:
        self._free_at = max(now, self._free_at) + lines * self._seconds_a_line

    def may_send(self, now: float) -> bool:
        return now >= self._free_at


class Resend:
    """A request that failed, to be cut exactly so once more: receivers drop doubles by its id.

    Until it has been handed over again, a replay goes to its ends and no further.
    """

    def __init__(self, failed: Write, error: Exception | None = None) -> None:
        self._ends = dict(failed.ends)
        self.name = failed.name
        self.unanswered = failed.unanswered + isinstance(error, UnansweredError)

    def limit_of(self, partition: TopicPartition) -> int:
        """The offset before which lines of a partition belong to it; 0: none of them do."""
        return self._ends.get(partition, 0)

    def is_complete(self, gaps: Mapping[TopicPartition, int]) -> bool:
        """Whether all its lines have been handed over, going by what is still missing."""
        return all(gaps.get(partition, end) >= end for partition, end in self._ends.items())

    def forget(self, partition: TopicPartition) -> None:
        self._ends.pop(partition, None)

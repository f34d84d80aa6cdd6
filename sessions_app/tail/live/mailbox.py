"""What is on its way to one viewer: pieces of lines, shared with all who want them, and news."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from events.kafka.records import TopicPartition
from events.lines import LogLine, Origin
from sessions_app.tail.matching import has_text, wants
from sessions_app.tail.session import Selection
from sessions_app.tail.signer import UNSIGNED
from sessions_app.tail.tokens import base_of

LINES_MAX = 20_000
BYTES_MAX = 4 * 1024 * 1024
_LINE_BYTES = 100
"""What a line takes beside its text."""


class Block:
    """Neighbouring lines of one app. Made once for all viewers, with what they make of it."""

    __slots__ = ("_base", "_base_bytes", "lines", "made", "size", "sizes", "suffix")

    def __init__(self, lines: Sequence[LogLine], base: Callable[[], str], suffix: str) -> None:
        self.lines = lines
        self.made: dict[str, list[list[bytes]]] = {}
        """Name of an encoder → all lines as it has made them, cut where a signature comes in."""
        self.suffix = suffix
        self.sizes = [len(line.text) + _LINE_BYTES for line in lines]
        self.size = sum(self.sizes)
        self._base: str | Callable[[], str] = base
        self._base_bytes: bytes | None = None

    def token(self, index: int) -> str:
        """Where a viewer who has seen this line goes on; each one's signature is put in later."""
        return f"{self.base}.{UNSIGNED}{self.suffix}{index}"

    @property
    def base(self) -> str:
        """Worked out when it is first asked for: not every encoder has tokens."""
        if not isinstance(self._base, str):
            self._base = self._base()
        return self._base

    @property
    def base_bytes(self) -> bytes:
        if self._base_bytes is None:
            self._base_bytes = self.base.encode()
        return self._base_bytes


class BacklogBlock(Block):
    """Lines by their times. Who has seen some of them reads the rest of the same backlog."""

    def __init__(
        self, lines: Sequence[LogLine], topics: Sequence[str], ends: Mapping[TopicPartition, int]
    ) -> None:
        super().__init__(lines, lambda: base_of(topics, ends), ".b")

    def token(self, index: int) -> str:
        return f"{self.base}.{UNSIGNED}{self.suffix}{len(self.lines) - 1 - index}"


class LineSlice(NamedTuple):
    """The lines of a block that one viewer wants."""

    block: Block
    indices: Sequence[int]

    @classmethod
    def whole(cls, block: Block) -> LineSlice:
        return cls(block, range(len(block.lines)))

    @property
    def is_whole(self) -> bool:
        return len(self.indices) == len(self.block.lines)

    @property
    def size(self) -> int:
        if self.is_whole:
            return self.block.size
        sizes = self.block.sizes
        return sum(sizes[index] for index in self.indices)


class StreamNotice(NamedTuple):
    """Lines may be missing here."""

    reason: str


class Skipped(NamedTuple):
    """The viewer was too slow for so many lines."""

    lines: int


Item = LineSlice | StreamNotice | Skipped


class Mailbox:
    """Bounded in lines and bytes: the oldest fall out, and their viewer is told how many.

    `put` and `tell` never wait, so no viewer can hold up another.
    """

    def __init__(
        self, selection: Selection, *, lines_max: int = LINES_MAX, bytes_max: int = BYTES_MAX
    ) -> None:
        self.selection = selection
        self.ended: str | None = None
        """Why nothing more will come, once that is so."""
        self._lines_max, self._bytes_max = lines_max, bytes_max
        self._wants = wants(selection)
        self._wanted: dict[Origin, bool] = {}
        self._filters_lines = bool(selection.streams or selection.text)
        self._takes_all = not (selection.sources or selection.processes or self._filters_lines)
        self._items: deque[LineSlice | StreamNotice] = deque()
        self._lines = self._bytes = self._skipped = 0
        self._waiting: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def put(self, whole: LineSlice) -> None:
        """Lines of this viewer's app."""
        piece = self.wanted(whole)
        if not piece.indices:
            return
        self._items.append(piece)
        self._lines += len(piece.indices)
        self._bytes += piece.block.size if piece is whole else piece.size
        while self._lines > self._lines_max or self._bytes > self._bytes_max:
            self._drop_oldest()
        self._wake()

    def wanted(self, whole: LineSlice) -> LineSlice:
        """What this viewer wants of a block of its app or site."""
        if self._takes_all:
            return whole
        block = whole.block
        return LineSlice(block, [i for i, line in enumerate(block.lines) if self._takes(line)])

    def tell(self, notice: StreamNotice) -> None:
        if self._items and self._items[-1] == notice:
            return
        self._items.append(notice)
        self._wake()

    def end(self, reason: str) -> None:
        """What is in the box is given up: a viewer who is slow must not hold up an end."""
        self.ended = self.ended or reason
        self._wake()
        _wake(self.over)

    @cached_property
    def over(self) -> asyncio.Future[None]:
        """Done when it has been ended."""
        return asyncio.get_running_loop().create_future()

    async def take(self, limit_seconds: float) -> list[Item]:
        """All that has come; nothing when the limit has passed, or an earlier one of before, or
        when it is over."""
        if not self._items and not self._skipped and self.ended is None and limit_seconds > 0:
            loop = asyncio.get_running_loop()
            self._set_timer(loop, loop.time() + limit_seconds)
            self._waiting = waiting = loop.create_future()
            await waiting
        items: list[Item] = [Skipped(self._skipped)] if self._skipped else []
        items += self._items
        self._items.clear()
        self._lines = self._bytes = self._skipped = 0
        return items

    def take_over(self, other: Mailbox) -> None:
        """All that waits in another one of the same selection, for one that is empty."""
        self._items.extend(other._items)
        self._lines, self._bytes, self._skipped = other._lines, other._bytes, other._skipped

    def leave(self) -> None:
        """Nobody will take any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _set_timer(self, loop: asyncio.AbstractEventLoop, at: float) -> None:
        """A timer that goes off too early costs a look at the clock, and a new one a line much
        more."""
        if self._timer is not None and self._timer.when() > at:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = loop.call_at(at, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._wake()

    def _takes(self, line: LogLine) -> bool:
        wanted = self._wanted.get(line.origin)
        if wanted is None:
            if len(self._wanted) > 1000:
                self._wanted.clear()
            wanted = self._wanted[line.origin] = self._wants(line.origin)
        return wanted and (not self._filters_lines or has_text(self.selection, line))

    def _drop_oldest(self) -> None:
        oldest = self._items.popleft()
        if isinstance(oldest, LineSlice):
            self._lines -= len(oldest.indices)
            self._bytes -= oldest.size
            self._skipped += len(oldest.indices)

    def _wake(self) -> None:
        if self._waiting is not None:
            _wake(self._waiting)
            self._waiting = None


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)

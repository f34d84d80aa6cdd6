"""What is on its way to one viewer: pieces of lines, shared with all who want them, and news."""

from __future__ import annotations

import asyncio
from collections import deque
from functools import cached_property
from typing import NamedTuple

from events.lines import LogLine, Origin
from sessions_app.tail.live.blocks import LineSlice
from sessions_app.tail.matching import has_text, wants
from sessions_app.tail.session import Selection

LINES_MAX = 20_000
BYTES_MAX = 4 * 1024 * 1024
ALL_BYTES = 256 * 1024 * 1024
"""Of a process. Viewers who want all of one app or site share its blocks: they count once."""


class StreamNotice(NamedTuple):
    """Lines may be missing here."""

    reason: str
    token: str = ""
    """Where who wants them goes on, signed."""


class Earlier(NamedTuple):
    """Older lines than those which come are there, for who asks with this."""

    token: str


class Nothing(NamedTuple):
    """All that Kafka has was looked at, and there is no line that this viewer wants."""

    since_ms: int | None
    """Of the oldest record there, in epoch milliseconds; None: there is none."""


class Skipped(NamedTuple):
    """The viewer was too slow for so many lines."""

    lines: int


Item = LineSlice | StreamNotice | Earlier | Nothing | Skipped


class Share:
    """How much may wait for each viewer."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self.bytes = self._bytes_max = bytes_max

    def among(self, holders: int) -> None:
        """`holders`: apps and sites that are read, and viewers with filters."""
        self.bytes = min(self._bytes_max, ALL_BYTES // max(holders, 1))


class Mailbox:
    """Bounded in lines and bytes: the oldest fall out, and their viewer is told how many.

    `put` and `tell` never wait, so no viewer can hold up another.
    """

    def __init__(
        self, selection: Selection, share: Share | None = None, *, lines_max: int = LINES_MAX
    ) -> None:
        self.selection = selection
        self.ended: str | None = None
        """Why nothing more will come, once that is so."""
        self._lines_max, self._share = lines_max, share or Share()
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
        while len(self._items) > 1 and (  # the newest stays, whatever its size
            self._lines > self._lines_max or self._bytes > self._share.bytes
        ):
            self._drop_oldest()
        self._wake()

    def wanted(self, whole: LineSlice) -> LineSlice:
        """What this viewer wants of a block of its app or site."""
        if self._takes_all:
            return whole
        block = whole.block
        indices = [i for i, line in enumerate(block.lines) if self._takes(line)]
        if not indices or len(indices) == len(block.lines):
            return LineSlice(block, indices)
        return LineSlice.whole(block.only(indices))

    @property
    def is_narrowed(self) -> bool:
        """Whether what waits may be others' lines than those that wait for its app's viewers."""
        return not self._takes_all

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

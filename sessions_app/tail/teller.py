"""What a web process tells operators of its tails: how many read each, and what went to them. It
looks every five seconds, and has it written when something has changed, or now and then."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

from sessions_app.tail.tails import Tails
from sessions_app.tail.tally import SpanRow, Tally

logger = logging.getLogger(__name__)

EVERY_SECONDS = 5.0
REFRESH_SECONDS = 10.0
"""Written anew this often, so that a reader can tell a quiet process from one that is gone."""


class TailFigures(NamedTuple):
    """What is to be written of one process."""

    process: str
    viewers: Mapping[str, int]
    """Of each session that has any, by its name."""
    gone: frozenset[str]
    """Sessions that had some when it was written last."""
    rows: tuple[SpanRow, ...] = ()
    has_ended: bool = False
    """It serves nobody any more, and is not missed."""


Write = Callable[[TailFigures], Awaitable[float]]
"""Returns what it took of CPU, in seconds. Raises OSError when the database is away."""


class Teller:
    """Owns what was told last. `process`: its name. `wall_clock`: epoch seconds."""

    def __init__(
        self,
        process: str,
        tails: Tails,
        write: Write,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._process = process
        self._tails = tails
        self._write = write
        self._wall_clock = wall_clock
        self._tally = Tally(wall_clock())
        self._lines: Counter[str] = Counter()
        self._cpu_seconds = 0.0
        """Not told yet."""
        self._told: Mapping[str, int] = {}
        self._told_at: float | None = None
        self._is_away = False
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Idempotent."""
        if self._running is None:
            self._running = asyncio.create_task(self._run(), name="tell of tails")

    async def end(self) -> None:
        """The last word, where the database takes one."""
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running
            await self.tell(has_ended=True)

    async def _run(self) -> None:
        """Looks in time though a database that hangs may take minutes for what it is told."""
        telling = asyncio.create_task(self.tell())
        try:
            while True:
                await asyncio.sleep(EVERY_SECONDS)
                if telling.done():
                    telling.result()
                    telling = asyncio.create_task(self.tell())
                else:
                    self.look()
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling

    def look(self) -> bool:
        """Adds up what has come. Whether there is anything new."""
        began, lines = time.thread_time(), Counter(self._tails.lines)
        new = lines - self._lines
        self._lines = lines
        self._tally.add(self._wall_clock(), len(self._tails), new, self._cpu_seconds)
        self._cpu_seconds = time.thread_time() - began
        return bool(new) or self._tails.viewers() != self._told

    async def tell(self, *, has_ended: bool = False) -> None:
        """What a database that is away lacks is told the next time."""
        now, is_new = self._wall_clock(), self.look()
        is_quiet = self._told_at is not None and 0 <= now - self._told_at < REFRESH_SECONDS
        if is_quiet and not is_new and not has_ended:
            return
        viewers = {} if has_ended else self._tails.viewers()
        gone = frozenset(self._told.keys() - viewers.keys())
        rows = tuple(self._tally.unwritten.values())
        figures = TailFigures(self._process, viewers, gone, rows, has_ended)
        try:
            self._cpu_seconds += await self._write(figures)
        except OSError as error:
            if not self._is_away:
                logger.warning("Tails are not told of: %s", error, extra={"action": "db_away"})
            self._is_away = True
        else:
            self._is_away, self._told, self._told_at = False, viewers, now
            self._tally.written(rows)

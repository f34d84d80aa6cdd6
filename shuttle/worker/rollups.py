"""What a worker tells operators of itself every five seconds: that it is there, and what went
through it in this minute and this hour. All is counted elsewhere: here are only differences."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from events.formats.malformed import SAMPLES_KEPT, Malformed, Sample
from events.keys import Key
from events.owners import name_of
from events.topics import by_source
from shuttle.commit.store import (
    Figures,
    RollupNote,
    SampleNote,
    Span,
    Store,
    StoreError,
    WorkerNote,
)
from shuttle.commit.store_thread import StoreThread
from shuttle.feed.loss_notices import METRIC_REASONS
from shuttle.worker.assignment import Held
from shuttle.worker.rollup_sums import TALK, Sums
from shuttle.worker.shortage import local_ports, open_files_max

EVERY_SECONDS = 5
SECONDS: dict[Span, int] = {"minute": 60, "hour": 3600}
SUMS_KEPT = 10
UNWRITTEN_MAX = 120
"""Rows that wait for a database that is away."""
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

Talk = Mapping[Key, tuple[int, int]]
"""Lines and bytes of each owner."""


class Counts(NamedTuple):
    """Since the start, but for the last ones."""

    received: Mapping[str, int]
    """By topic."""
    delivered: Mapping[str, int]
    """By scheme."""
    lost: Mapping[str, int]
    """By reason (loss_notices.py)."""
    delays: Sequence[int]
    """Lines by bucket (delay_histogram.BOUNDS)."""
    malformed: Malformed
    talk: Talk
    """Since the last time that this was asked for, as the next."""
    went_out: Mapping[str, Sequence[int]]
    """Lines and bytes on the wire, by drain."""
    behind: int
    """Lines that drains lack now."""
    partitions: int
    consumer_lag: int
    retention_ms: Mapping[str, int | None]
    """By topic (models.Worker)."""
    held: Held


class Rollups:
    """Owns what was counted at the last look, the sums since, and what of them is not written yet.

    `about`: what never changes of it. `wall_clock`: epoch seconds.
    """

    def __init__(
        self,
        store: StoreThread,
        about: WorkerNote,
        counts: Callable[[], Counts],
        wall_clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._about = about
        self._counts = counts
        self._wall_clock = wall_clock
        self._seen: dict[str, Counter[str]] = {}
        self._seen_delays: Counter[int] = Counter()
        self._seen_at = about.started_at
        self._seen_cpu = 0.0
        self._sums: dict[tuple[Span, float], Sums] = {}
        """The last ones: clocks go back, too."""
        self._unwritten: dict[tuple[Span, float], RollupNote] = {}
        self._told: tuple[SampleNote, ...] = ()
        """Samples that the database has."""
        self._told_us = 0
        self.spent_seconds = 0.0
        """Of CPU, on all this."""

    async def run(self) -> None:
        """Looks in time though a database that hangs may take minutes for what it is told."""
        telling = asyncio.create_task(self.tell(), name="tell")
        try:
            while True:
                await asyncio.sleep(EVERY_SECONDS - self._wall_clock() % EVERY_SECONDS)
                if telling.done():
                    telling.result()
                    telling = asyncio.create_task(self.tell(), name="tell")
                else:
                    self.look()
        finally:
            telling.cancel()

    def look(self, *, has_ended: bool = False) -> Figures:
        """What is to be told now."""
        began = time.thread_time()
        counts = self._counts()
        worker = self._look(counts, has_ended=has_ended)
        samples = [_note_of(sample) for sample in counts.malformed.samples]
        self.spent_seconds += time.thread_time() - began
        new = [sample for sample in samples if sample not in self._told]
        return Figures(worker, list(self._unwritten.values()), new)

    async def tell(self, *, has_ended: bool = False) -> None:
        """What a database that is away lacks is told the next time."""
        figures = self.look(has_ended=has_ended)
        with suppress(StoreError):
            self.spent_seconds += await self._store.ask(lambda store: _write(store, figures))
            self._told = (*self._told, *figures.samples)[-SAMPLES_KEPT:]
            for row in figures.rollups:
                if self._unwritten.get((row.span, row.begins_at)) is row:
                    del self._unwritten[row.span, row.begins_at]

    def _look(self, counts: Counts, *, has_ended: bool) -> WorkerNote:
        now = self._wall_clock()
        new = self._new(counts, now)
        delays = Counter(dict(enumerate(counts.delays)))
        for span, seconds in SECONDS.items():
            begins_at = now // seconds * seconds
            sums = self._sums.pop((span, begins_at), None) or Sums(span, begins_at)
            sums.add(new, delays - self._seen_delays)
            self._sums[span, begins_at] = sums
            self._unwritten[span, begins_at] = sums.row()
        self._seen_delays = delays
        while len(self._sums) > SUMS_KEPT:
            del self._sums[next(iter(self._sums))]
        while len(self._unwritten) > UNWRITTEN_MAX:
            del self._unwritten[next(iter(self._unwritten))]
        return self._note(now, counts, new, has_ended=has_ended)

    def _new(self, counts: Counts, now: float) -> dict[str, Mapping[str, int]]:
        """What has been counted since the last look."""
        talk = {
            "apps": {name_of(key): of for key, of in counts.talk.items()},
            "drains": counts.went_out,
        }
        seen, self._seen = (
            self._seen,
            {
                "received": by_source(counts.received),
                "delivered": Counter(counts.delivered),
                "lost": Counter({METRIC_REASONS[why]: lines for why, lines in counts.lost.items()}),
                "malformed": Counter(counts.malformed.counts),
                "topics": Counter(counts.received),
            },
        )
        new: dict[str, Mapping[str, int]] = {
            name: found - seen.get(name, Counter()) for name, found in self._seen.items()
        }
        spent_us = round(self.spent_seconds * 1e6)
        waited = counts.behind * max(now - self._seen_at, 0.0)
        new["behind"] = {"line_seconds": round(waited)}
        new["cost"], self._told_us = {"cpu_us": spent_us - self._told_us}, spent_us
        for who, names in TALK.items():
            for at, name in enumerate(names):
                new[name] = {of: counted[at] for of, counted in talk[who].items()}
        return new

    def _note(
        self, now: float, counts: Counts, new: Mapping[str, Mapping[str, int]], *, has_ended: bool
    ) -> WorkerNote:
        seconds, cpu = max(now - self._seen_at, 1.0), time.process_time()
        note = self._about._replace(
            has_ended=has_ended,
            partitions=counts.partitions,
            consumer_lag=counts.consumer_lag,
            retention_ms=counts.retention_ms,
            assignment=counts.held.partitions,
            assigned_since=counts.held.since,
            lines_in=sum(new["received"].values()) / seconds,
            lines_out=sum(new["delivered"].values()) / seconds,
            cpu=(cpu - self._seen_cpu) / seconds,
            memory_bytes=_memory_bytes(),
            open_files_max=open_files_max(),
            local_ports=local_ports(),
        )
        self._seen_at, self._seen_cpu = now, cpu
        return note


def _write(store: Store, figures: Figures) -> float:
    """Returns what it took of this thread's CPU, in seconds."""
    began = time.thread_time()
    store.write_figures(figures)
    return time.thread_time() - began


def _note_of(sample: Sample) -> SampleNote:
    shown = sample.begins.decode("ascii", "backslashreplace")
    begins = "".join(each if each.isprintable() else repr(each)[1:-1] for each in shown)
    return SampleNote(sample.topic, sample.partition, sample.offset, sample.reason, begins)


def _memory_bytes() -> int:
    """Resident; 0 where nobody can tell (not Linux)."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0

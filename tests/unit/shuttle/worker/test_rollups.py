"""What a worker tells of itself: differences, by minute and hour, and nothing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from confluent_kafka import Message

from events.formats.malformed import Malformed
from events.kafka.records import TopicPartition
from events.keys import AppKey, SiteKey
from events.topics import ROUTER
from shuttle.commit.store import Figures, RollupNote, WorkerNote
from shuttle.commit.store_thread import StoreThread
from shuttle.feed.loss_notices import EXPIRED
from shuttle.worker import rollup_sums
from shuttle.worker.assignment import Held
from shuttle.worker.rollup_sums import OTHER
from shuttle.worker.rollups import UNWRITTEN_MAX, Counts, Rollups
from tests.support.memory_store import MemoryStore

NOON = 1_800_000_000.0  # a whole hour
P0 = TopicPartition("gs", 0)
Rows = dict[tuple[str, float], RollupNote]


class Bench:
    def __init__(self) -> None:
        self.now = NOON + 1
        self.store = MemoryStore()
        self.received: Counter[str] = Counter()
        self.delivered: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.delays = [0] * 3
        self.malformed = Malformed()
        self.talk: dict[Any, tuple[int, int]] = {}
        self.went_out: dict[str, list[int]] = {}
        self.behind = 0
        self.thread = StoreThread(self.store)
        about = WorkerNote("w1", "host", "1.0", started_at=NOON)
        self.rollups = Rollups(self.thread, about, self._counts, lambda: self.now)

    def _counts(self) -> Counts:
        talk, self.talk = self.talk, {}
        went_out, self.went_out = self.went_out, {}
        counted = (self.received, self.delivered, self.lost, self.delays, self.malformed)
        held = Held({"gs": ("0-2", 4)}, NOON)
        return Counts(
            *counted,
            talk,
            went_out,
            behind=self.behind,
            partitions=3,
            consumer_lag=7,
            retention_ms={"gs": 5},
            held=held,
        )

    async def tell(self, seconds: float = 5, **options: Any) -> Figures:
        """Later by so much."""
        self.now += seconds
        await self.rollups.tell(**options)
        return self.store.figures[-1]

    def rows(self) -> Rows:
        """What the database has in the end."""
        written = (row for figures in self.store.figures for row in figures.rollups)
        return {(row.span, row.begins_at): row for row in written}

    def is_malformed(self, offset: int, value: bytes = b"x") -> None:
        message = Message(topic="gs", partition=0, offset=offset, value=value)
        self.malformed.add(P0, message, "not JSON")


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    yield made
    made.thread.close()


async def test_a_minute_has_what_was_counted_in_it(bench: Bench) -> None:
    bench.received["gs"] += 10
    bench.received[ROUTER.topic] += 3
    bench.delivered["syslog"] += 4
    bench.lost[EXPIRED] += 2
    bench.delays[1] += 4
    bench.is_malformed(1)
    await bench.tell()
    bench.received["gs"] += 5
    bench.delays[2] += 1
    await bench.tell()

    row = bench.rows()["minute", NOON]
    cost, figures = row.figures["cost"], {k: v for k, v in row.figures.items() if k != "cost"}
    assert cost["cpu_us"] > 0, "of the first look"
    assert figures == {
        "received": {"kubernetes": 15, "router": 3},
        "delivered": {"syslog": 4},
        "lost": {"source_expired": 2},
        "malformed": {"not JSON": 1},
        "behind": {"line_seconds": 0},
        "delays": [0, 4, 1],
    }
    assert row.talkers["topics"] == {"gs": 15, ROUTER.topic: 3}


async def test_another_minute_begins_at_nothing_and_the_hour_goes_on(bench: Bench) -> None:
    bench.received["gs"] += 10
    await bench.tell()
    bench.received["gs"] += 1
    await bench.tell(60)

    rows = bench.rows()
    received = {key: row.figures["received"] for key, row in rows.items()}
    assert received == {
        ("minute", NOON): {"kubernetes": 10},
        ("minute", NOON + 60): {"kubernetes": 1},
        ("hour", NOON): {"kubernetes": 11},
    }


async def test_a_clock_that_goes_back_takes_nothing_back(bench: Bench) -> None:
    bench.received["gs"] += 10
    await bench.tell()
    bench.received["gs"] += 1
    await bench.tell(3600)
    bench.received["gs"] += 5
    await bench.tell(-3600)

    received = {key: row.figures["received"]["kubernetes"] for key, row in bench.rows().items()}
    assert received == {
        ("minute", NOON): 15,
        ("hour", NOON): 15,
        ("minute", NOON + 3600): 1,
        ("hour", NOON + 3600): 1,
    }


async def test_the_worker_says_how_fast_it_is(bench: Bench) -> None:
    await bench.tell()
    bench.received["gs"] += 50
    bench.delivered["syslog"] += 100
    worker = (await bench.tell(5)).worker

    assert (worker.name, worker.lines_in, worker.lines_out) == ("w1", 10, 20)
    assert (worker.partitions, worker.consumer_lag, worker.has_ended) == (3, 7, False)
    assert (worker.assignment, worker.assigned_since) == ({"gs": ("0-2", 4)}, NOON)
    assert worker.memory_bytes > 1_000_000
    assert (await bench.tell(has_ended=True)).worker.has_ended


async def test_who_talks_most_is_named_and_the_rest_is_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollup_sums, "TALKERS", 2)
    bench.talk = {
        AppKey("gold", "gs"): (5, 500),
        SiteKey("www.gold.example"): (9, 90),
        AppKey("lead", "gs"): (2, 20),
        AppKey("tin", "gs"): (1, 10),
    }
    await bench.tell()
    bench.talk = {AppKey("gold", "gs"): (5, 100)}
    await bench.tell()

    assert bench.rows()["minute", NOON].talkers["apps"] == {
        "gold-gs": [10, 600],
        "site:www.gold.example": [9, 90],
        OTHER: [3, 30],
    }


async def test_the_drains_that_are_sent_most_bytes_are_named(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollup_sums, "TALKERS", 2)
    bench.went_out = {"d1": [900, 90], "d2": [1, 500], "d3": [2, 91]}
    await bench.tell()
    bench.went_out = {"d2": [1, 10], "d4": [3, 7]}
    await bench.tell()
    for span in ("minute", "hour"):
        assert bench.rows()[span, NOON].talkers["drains"] == {
            "d2": [2, 510],
            "d3": [2, 91],
            OTHER: [903, 97],
        }


async def test_what_a_database_lacks_that_was_away_it_is_told_once_it_is_back(
    bench: Bench,
) -> None:
    for minute in range(3):
        bench.received["gs"] += 10**minute
        bench.is_malformed(minute)
        bench.store.failures = 1
        await bench.rollups.tell()
        bench.now += 60
    figures = await bench.tell(0)

    received = {row.begins_at: row.figures["received"] for row in bench.rows().values()}
    assert [received[NOON + 60 * minute] for minute in (1, 2)] == [
        {"kubernetes": 10},
        {"kubernetes": 100},
    ]
    assert bench.rows()["hour", NOON].figures["received"] == {"kubernetes": 111}
    assert [sample.offset for sample in figures.samples] == [0, 1, 2]
    assert (await bench.tell()).samples == []


async def test_a_database_that_stays_away_costs_no_memory(bench: Bench) -> None:
    bench.store.failures = 10**9
    for _ in range(UNWRITTEN_MAX + 10):
        await bench.rollups.tell()
        bench.now += 60
    bench.store.failures = 0
    assert len((await bench.tell(0)).rollups) == UNWRITTEN_MAX


async def test_samples_are_shown_as_text_that_nothing_obeys(bench: Bench) -> None:
    bench.is_malformed(4, b"\x1b[31m\xff{\n\"a\": '\xc3\xa9'")
    (sample,) = (await bench.tell()).samples
    assert (sample.topic, sample.partition, sample.offset, sample.reason) == (*P0, 4, "not JSON")
    assert sample.begins == r"""\x1b[31m\xff{\n"a": '\xc3\xa9'"""
    assert sample.begins.isprintable()


async def test_lines_that_wait_count_by_the_time_that_they_do(bench: Bench) -> None:
    bench.behind = 100
    await bench.tell(5)
    bench.behind = 0
    await bench.tell(5)
    assert bench.rows()["minute", NOON].figures["behind"] == {"line_seconds": 100 * 6}

"""Records that are no log line: counted, and in nobody's way."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

import psutil
import pytest

from tests.support.broker import Broker
from tests.support.judge import new_run
from tests.support.kafka import TopicNames
from tests.support.outcome import all_arrive, probe
from tests.support.receiving import Receivers
from tests.support.records import kubernetes_event
from tests.support.shuttle import Shuttle, numbered_events
from tests.support.waiting import wait_until

PARTITIONS = 4
MIB = 1024 * 1024

POISON: list[tuple[str, bytes | None]] = [
    ("empty", b""),
    ("empty", None),
    ("not_json", b'{"log": "cut off'),
    ("not_json", b"\x00\xff not json"),
    ("not_json", b"[" * 100_000),
    ("not_json", b'{"kubernetes": ' * 100_000),
    ("not_json", b"x" * 5_000_000),
    ("not_an_object", b"[1, 2, 3]"),
    ("not_an_object", b"null"),
    ("no_container", b"{}"),
    ("no_container", kubernetes_event("no container", container=None)),
    ("no_container", kubernetes_event("a number", container=7)),
    ("empty", json.dumps({"stream": "stdout", "kubernetes": {"container_name": "gold"}}).encode()),
    ("too_many_events", kubernetes_event("one of too many") * 1001),
]


def mixed(events: Iterator[bytes], each: int) -> Iterator[bytes | None]:
    """One poisonous record before each `each` good ones, and all kinds in turn."""
    kinds = itertools.cycle(value for _, value in POISON)
    while good := list(itertools.islice(events, each)):
        yield next(kinds)
        yield from good


@pytest.mark.parametrize(
    "each",
    [pytest.param(1_500, id="small"), pytest.param(30_000, id="full", marks=pytest.mark.slow)],
)
def test_one_in_a_hundred_harms_no_other(
    each: int, shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink, run = (
        kafka.create(topic(), PARTITIONS, max_message_bytes="6000000"),
        receiver(),
        new_run(),
    )
    shuttle.add_drain(f"gold-{space}", sink.url)
    worker = shuttle.start_worker()

    for partition in range(PARTITIONS):
        good = iter(numbered_events("gold", run, partition, each))
        kafka.produce(space, mixed(good, 100), partition=partition)

    all_arrive(sink, run, dict.fromkeys(range(PARTITIONS), each), duplicates=0, limit_seconds=60)
    expected: dict[str, int] = {}
    for reason, _ in itertools.islice(itertools.cycle(POISON), each // 100):
        expected[reason] = expected.get(reason, 0) + PARTITIONS
    name = "logshuttle_records_malformed_total"
    wait_until(lambda: shuttle.metric(name) == each // 100 * PARTITIONS, 10, "the count")
    assert {r: shuttle.metric(name, reason=r) for r in expected} == expected
    assert "Traceback" not in worker.output()
    assert worker.terminate() == 0


@pytest.mark.parametrize(
    "count",
    [pytest.param(40_000, id="small"), pytest.param(600_000, id="full", marks=pytest.mark.slow)],
)
def test_nothing_but_poison_fills_neither_log_nor_memory(
    count: int, shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink, run = kafka.create(topic(), PARTITIONS), receiver(), new_run()
    shuttle.add_drain(f"gold-{space}", sink.url)
    worker = shuttle.start_worker()
    kafka.produce(space, numbered_events("gold", run, 0, 10), partition=0)
    sink.wait_for(10)
    lines_said = len(worker.output().splitlines())
    small = [value for _, value in POISON if value is None or len(value) < 1000]

    kafka.produce(space, itertools.islice(itertools.cycle(small), count // 2))
    name = "logshuttle_records_malformed_total"
    wait_until(lambda: shuttle.metric(name) == count // 2, 60, "half of them counted")
    memory = psutil.Process(worker.pid).memory_info().rss
    kafka.produce(space, itertools.islice(itertools.cycle(small), count // 2))
    kafka.produce(space, numbered_events("gold", run, 0, 10, start=10), partition=0)

    sink.wait_for(20, 30)
    wait_until(lambda: shuttle.metric(name) == count, 60, "all of them counted")
    grown = psutil.Process(worker.pid).memory_info().rss - memory
    assert grown < 24 * MIB, f"{grown / MIB:.1f} MiB"
    assert len(worker.output().splitlines()) - lines_said < 10
    kafka.produce(space, numbered_events("gold", run, 0, 10, start=20), partition=0)
    sink.wait_for(30, 2)
    all_arrive(sink, run, {0: 30}, duplicates=0)
    assert probe(shuttle, "/readyz") == 200

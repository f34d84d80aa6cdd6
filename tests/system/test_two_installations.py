"""Two installations on one Kafka: none reads what is the other's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer

from tests.support.broker import Broker
from tests.support.judge import judge, new_run
from tests.support.kafka import TopicNames
from tests.support.receivers import Receiver
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle, numbered_events, served, tag_and_text
from tests.support.waiting import wait_until

PARTITIONS, EACH = 4, 100
BOTH_WAYS_OUT = ("KAFKA_GROUP", "--take-over-group")


@pytest.fixture
def other(tmp_path: Path, kafka: Broker, shuttle: Shuttle) -> Iterator[Shuttle]:
    """With a database of its own, and the group of the first one."""
    folder = tmp_path / "other"
    folder.mkdir()
    with served(folder, kafka.bootstrap, {"KAFKA_GROUP": shuttle.group}) as made:
        yield made


def produce(kafka: Broker, space: str, app: str, run: str) -> None:
    for partition in range(PARTITIONS):
        events = numbered_events(app, run, partition, EACH)
        kafka.produce(space, events, partition=partition)


def assert_all_arrive(sink: Receiver, run: str) -> None:
    sink.wait_for(PARTITIONS * EACH)
    produced = dict.fromkeys(range(PARTITIONS), EACH)
    verdict = judge(run, produced, map(tag_and_text, sink.lines()))
    assert verdict.exactly_once, verdict


def test_the_second_one_ends_and_the_first_gets_all(
    shuttle: Shuttle, other: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink, run = kafka.create(topic(), PARTITIONS), receiver(), new_run()
    shuttle.add_drain(f"gold-{space}", sink.url)
    others, other_run = receiver(), new_run()
    other.add_drain(f"lead-{space}", others.url)
    worker = shuttle.start_worker()

    intruder = other.start_worker(consuming=False, workers=2)
    produce(kafka, space, "gold", run)

    assert intruder.wait() == 2
    for way in BOTH_WAYS_OUT:
        assert intruder.output().count(way) == 1
    assert "Traceback" not in intruder.output()
    assert_all_arrive(sink, run)
    assert worker.running

    other.environment["KAFKA_GROUP"] = other.group
    other.start_worker()
    produce(kafka, space, "lead", other_run)
    assert_all_arrive(others, other_run)
    assert len(sink.lines()) == PARTITIONS * EACH


def test_whoever_joins_and_goes_takes_nothing_away(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    """As one does that meets the first only when partitions come: these were the first one's."""
    space, sink, run = kafka.create(topic(), PARTITIONS), receiver(), new_run()
    shuttle.add_drain(f"gold-{space}", sink.url)
    shuttle.start_worker()
    settings = {"bootstrap.servers": kafka.bootstrap, "group.id": shuttle.group}
    intruder = Consumer(settings | {"partition.assignment.strategy": "cooperative-sticky"})
    assigned: list[object] = []
    intruder.subscribe([space], on_assign=lambda _, parts: assigned.extend(parts))
    wait_until(lambda: intruder.poll(0.1) or assigned, 20, "it is given partitions")
    produce(kafka, space, "gold", run)

    intruder.close()

    assert_all_arrive(sink, run)


def test_a_new_database_takes_the_group_over_once(
    shuttle: Shuttle, other: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, quiet = kafka.create(topic(), PARTITIONS), kafka.create(topic(), 1)
    run, sink, others = new_run(), receiver(), receiver()
    shuttle.add_drain(f"gold-{space}", sink.url)
    shuttle.add_drain(f"gold-{quiet}", sink.url)
    before = shuttle.start_worker()
    wait_until(lambda: kafka.committed(shuttle.group, quiet), 10, "what only the first one reads")
    assert before.terminate() == 0
    other.add_drain(f"gold-{space}", others.url)

    with other.run("runshuttle", "--take-over-group") as taking:
        wait_until(lambda: other.is_ready(taking), 20, "the group is taken over")
        assert taking.terminate() == 0
    other.start_worker()
    produce(kafka, space, "gold", run)

    assert_all_arrive(others, run)
    late = shuttle.start_worker(consuming=False)
    assert late.wait() == 2
    assert shuttle.group in late.output()
    assert sink.lines() == []

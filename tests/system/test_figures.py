"""What an owner and an operator read of a drain while its worker works."""

from __future__ import annotations

from functools import partial

from tests.support.asking import get
from tests.support.broker import Broker
from tests.support.judge import new_run
from tests.support.kafka import TopicNames
from tests.support.receiving import Receivers
from tests.support.records import kubernetes_event
from tests.support.shuttle import Shuttle, numbered_events
from tests.support.waiting import wait_until

LIMIT_SECONDS = 15
"""Figures are told every five seconds."""


def figures(shuttle: Shuttle, key: str, drain_id: str) -> tuple[int, int]:
    """Lines sent, lines that it is behind."""
    found = shuttle.drain(key, drain_id)
    return found["lines_sent"], found["lag_messages"]


def test_lines_sent_are_counted_over_restarts(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink, run = kafka.create(topic(), 2), receiver(), new_run()
    key = f"gold-{space}"
    made = shuttle.add_drain(key, sink.url, max_record_bytes=480)
    assert (made["lines_sent"], made["lag_messages"], made["lines_lost"]) == (0, 0, 0)
    worker = shuttle.start_worker()
    for partition in (0, 1):
        kafka.produce(space, numbered_events("gold", run, partition, 50), partition=partition)
    sink.wait_for(100)
    told = partial(figures, shuttle, key, made["id"])
    wait_until(lambda: told() == (100, 0), LIMIT_SECONDS, "all are told of")
    assert shuttle.metric("logshuttle_delivery_delay_seconds_count") == 100
    assert shuttle.metric("logshuttle_lines_delivered_total", scheme="syslog") == 100

    assert worker.terminate(limit_seconds=15) == 0
    kafka.produce(space, numbered_events("gold", run, 0, 30, start=50), partition=0)
    shuttle.start_worker()
    kafka.produce(space, [kubernetes_event("€" * 500, pod="gold-p0", container="gold")])

    records = sink.wait_for(131)
    wait_until(lambda: told() == (131, 0), LIMIT_SECONDS, "counted on")
    assert 480 - len("€".encode()) < max(map(len, records)) <= 480
    assert shuttle.drain(key, made["id"])["lines_cut"] == 1
    assert shuttle.metric("logshuttle_lines_cut_total") == 1


def test_what_a_drain_is_behind_is_told_while_its_receiver_is_away(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink, run = kafka.create(topic(), 1), receiver(), new_run()
    key = f"gold-{space}"
    sink.stop()
    made = shuttle.add_drain(key, sink.url)
    worker = shuttle.start_worker()

    kafka.produce(space, numbered_events("gold", run, 0, 30), partition=0)
    told = partial(figures, shuttle, key, made["id"])
    wait_until(lambda: told() == (0, 30), LIMIT_SECONDS, "the lag is told")
    lag_seconds: float = shuttle.drain(key, made["id"])["lag_seconds"]
    assert 0 < lag_seconds < 60
    assert shuttle.metric("logshuttle_drain_lag_messages", drain=made["id"]) == 30

    assert worker.terminate(limit_seconds=15) == 0
    shuttle.start_worker()
    kafka.produce(space, numbered_events("gold", run, 0, 20, start=30), partition=0)
    wait_until(lambda: told() == (0, 50), LIMIT_SECONDS, "new lines are owed too")
    assert shuttle.drain(key, made["id"])["lag_seconds"] > lag_seconds

    sink.start()
    sink.wait_for(50, 60)
    wait_until(lambda: told() == (50, 0), LIMIT_SECONDS, "it has caught up")
    assert shuttle.drain(key, made["id"])["lag_seconds"] == 0


def test_drains_beyond_the_limit_share_a_series(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    shuttle.environment["METRICS_MAX_DRAINS"] = "2"
    space, sink, run = kafka.create(topic(), 1), receiver(), new_run()
    for app in "abcde":
        shuttle.add_drain(f"{app}-{space}", sink.url)
    shuttle.start_worker()
    for app in "abcde":
        kafka.produce(space, numbered_events(app, run, 0, 4), partition=0)
    sink.wait_for(20)

    name = "logshuttle_drain_lines_delivered_total"
    wait_until(lambda: shuttle.metric(name) == 20, 5, "all are counted")
    assert shuttle.metric(name, drain="other") == 12
    found = get(f"http://127.0.0.1:{shuttle.metrics_port}/metrics").text
    assert len([line for line in found.splitlines() if line.startswith(name)]) == 3

"""Where a drain starts: at Kafka's offsets, whatever any clock says. In real processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from events.devkafka.broker import DevKafka
from tests.support.broker import Broker
from tests.support.kafka import OwnKafka, TopicNames
from tests.support.receivers import Receiver
from tests.support.receiving import Receivers
from tests.support.records import kubernetes_event
from tests.support.shuttle import Shuttle
from tests.support.waiting import wait_until

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
SOON = 15.0


def now_ms() -> int:
    return int(time.time() * 1000)


def texts(sink: Receiver) -> list[str]:
    """Of the lines that came, without notices."""
    lines = (line.decode() for line in sink.lines())
    return [line.partition(" - - - ")[2] for line in lines if " logshuttle - - - " not in line]


def until_came(sink: Receiver, *wanted: str) -> None:
    wait_until(lambda: set(wanted) <= set(texts(sink)), SOON, f"{wanted[0]} … {wanted[-1]}")


def named(name: str, count: int) -> list[str]:
    return [f"{name} {number}" for number in range(count)]


def events(lines: list[str]) -> list[bytes]:
    return [kubernetes_event(line) for line in lines]


STAMPS: dict[str, Callable[[], int]] = {
    "5 s behind": lambda: now_ms() - 5_000,
    "an hour behind": lambda: now_ms() - HOUR_MS,
    "an hour ahead": lambda: now_ms() + HOUR_MS,
    "in seconds": lambda: now_ms() // 1000,
    "in microseconds": lambda: now_ms() * 1000,
    "of an event two days ago": lambda: now_ms() - 2 * DAY_MS,
}


def test_every_line_after_the_201_comes_and_none_of_before_whatever_its_stamp(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    """With a worker that consumes the topic already: another app of the space has a drain."""
    space = kafka.create(topic(), 2, message_timestamp_after_max_ms=str(10**16))
    shuttle.add_drain(f"other-{space}", receiver().url)
    shuttle.start_worker()
    for name, stamp in STAMPS.items():
        sink, partition = receiver(), len(name) % 2
        before, after = events(named(f"before {name}", 40)), events(named(name, 40))
        kafka.produce(space, before, partition=partition, timestamp_ms=stamp())
        drain = shuttle.add_drain(f"gold-{space}", sink.url)
        assert drain["start"] == "exact"
        kafka.produce(space, after, partition=partition, timestamp_ms=stamp())
        until_came(sink, *named(name, 40))
        assert texts(sink) == named(name, 40), name
        shuttle.api.delete(f"/apps/gold-{space}/log-drains/{drain['id']}")


def test_a_new_topics_first_lines_come_whatever_their_stamps(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    spaces, sink = {topic(): stamp for stamp in STAMPS.values()}, receiver()
    for space in spaces:
        shuttle.add_drain(f"gold-{space}", sink.url)
    shuttle.start_worker()
    for space, stamp in spaces.items():
        kafka.create(space, 1, message_timestamp_after_max_ms=str(10**16))
        kafka.produce(space, events(named(space, 5)), timestamp_ms=stamp())

    for space in spaces:
        until_came(sink, *named(space, 5))
        assert [text for text in texts(sink) if text.startswith(space)] == named(space, 5)


def test_a_late_stamp_between_good_ones_is_delivered_live(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink = kafka.create(topic(), 1), receiver()
    drain = shuttle.add_drain(f"gold-{space}", sink.url)
    shuttle.start_worker()
    for name, age_ms in (("good", 0), ("late", HOUR_MS), ("good again", 0)):
        kafka.produce(space, [kubernetes_event(name)], timestamp_ms=now_ms() - age_ms)

    until_came(sink, "good", "late", "good again")
    assert texts(sink) == ["good", "late", "good again"]
    assert shuttle.drain(f"gold-{space}", drain["id"])["lines_lost"] == 0


def pause_over(shuttle: Shuttle, path: str, produce: Any, records: int) -> None:
    """Records come while a drain is paused, and have passed by when it is resumed."""
    assert shuttle.api.post(f"{path}/pause").status_code == 200
    wait_until(lambda: 'state="paused"} 1.0' in shuttle.metrics(), 5, "paused")
    received = "logshuttle_lines_received_total"
    seen = shuttle.metric(received, source="kubernetes")
    produce()
    wait_until(
        lambda: shuttle.metric(received, source="kubernetes") == seen + records, 10, "passed by"
    )
    assert shuttle.api.post(f"{path}/resume").status_code == 200


def test_what_a_pause_leaves_is_replayed_whatever_its_stamps(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    """A record in seconds is no older for that: it is as old as the one before it."""
    space = kafka.create(topic(), 4, message_timestamp_after_max_ms=str(10**16))
    sink = receiver()
    drain = shuttle.add_drain(f"gold-{space}", sink.url)
    shuttle.start_worker()
    kafka.produce(space, events(["good 0"]), partition=0)
    until_came(sink, "good 0")

    def produce() -> None:
        good, seconds, micro = now_ms(), now_ms() // 1000, now_ms() * 1000
        kafka.produce(space, events(named("raw", 5)), partition=0, timestamp_ms=good)
        kafka.produce(space, events(named("seconds", 5)), partition=1, timestamp_ms=seconds)
        kafka.produce(space, events(named("micro", 5)), partition=2, timestamp_ms=micro)
        for number, stamp in enumerate([seconds, good, micro, good, seconds]):
            kafka.produce(space, events([f"mixed {number}"]), partition=3, timestamp_ms=stamp)

    pause_over(shuttle, f"/apps/gold-{space}/log-drains/{drain['id']}", produce, 20)

    wanted = [line for name in ("raw", "seconds", "micro", "mixed") for line in named(name, 5)]
    until_came(sink, *wanted)

    def told() -> tuple[str, int, bool]:
        answer = shuttle.drain(f"gold-{space}", drain["id"])
        assert answer["lines_lost"] == 0
        return answer["state"], answer["lag_messages"], answer["lag_seconds"] < 60

    wait_until(lambda: told() == ("live", 0, True), 15, "live again, and no lag")


def test_a_record_that_is_too_old_holds_nobody_and_is_told(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink = kafka.create(topic(), 1), receiver()
    drain = shuttle.add_drain(f"gold-{space}", sink.url)
    shuttle.start_worker()
    kafka.produce(space, events(["live"]))
    until_came(sink, "live")

    def produce() -> None:
        kafka.produce(space, events(["of an old file"]), timestamp_ms=now_ms() - 2 * DAY_MS)
        kafka.produce(space, events(named("good", 5)))

    pause_over(shuttle, f"/apps/gold-{space}/log-drains/{drain['id']}", produce, 6)

    until_came(sink, *named("good", 5))
    kafka.produce(space, events(["live again"]))
    until_came(sink, "live again")
    assert texts(sink) == ["live", *named("good", 5), "live again"]
    told = [line for line in sink.lines() if b" logshuttle - - - " in line]
    assert len(told) == 1
    assert told[0].endswith(b"1 message dropped since " + told[0].split(b"since ")[1])
    assert b"Skipped: older than max_lag_seconds." in told[0]
    wait_until(
        lambda: shuttle.drain(f"gold-{space}", drain["id"])["lines_lost"] == 1, 10, "counted"
    )


def test_offsets_that_kafka_has_forgotten_are_ours_to_know(
    shuttle: Shuttle, own_kafka: OwnKafka, topic: TopicNames, kafka: Broker, receiver: Receivers
) -> None:
    """The worker was away for longer than the broker keeps a group."""
    space, sink = kafka.create(topic(), 2), receiver()
    shuttle.add_drain(f"gold-{space}", sink.url)
    worker = shuttle.start_worker()
    kafka.produce(space, events(named("before", 40)), partition=0)
    until_came(sink, *named("before", 40))
    assert worker.terminate(limit_seconds=15) == 0
    kafka.produce(space, events(named("away", 3)), partition=0)
    kafka.produce(space, events(named("away too", 3)), partition=1)
    kafka.forget_group(shuttle.group)

    shuttle.start_worker()

    until_came(sink, *named("away", 3), *named("away too", 3))
    assert sorted(texts(sink)) == sorted(
        named("before", 40) + named("away", 3) + named("away too", 3)
    )


@pytest.mark.slow
def test_a_drain_that_is_made_while_kafka_is_away_starts_a_little_early(
    own_kafka: OwnKafka, tmp_path: Any, receiver: Receivers
) -> None:
    broker: DevKafka = own_kafka()
    kafka, sink = Broker(broker.bootstrap), receiver()
    space = kafka.create("away", 2)
    old, lately = now_ms() - HOUR_MS, now_ms() - 5_000
    kafka.produce(space, events(named("an hour ago", 5)), partition=0, timestamp_ms=old)
    kafka.produce(space, events(named("a moment ago", 5)), partition=0, timestamp_ms=lately)
    kafka.produce(space, events(named("an hour ago", 5)), partition=1, timestamp_ms=old)
    folder = tmp_path / "installation"
    folder.mkdir()
    shuttle = Shuttle(folder, broker.bootstrap)
    try:
        shuttle.migrate()
        shuttle.start_web()
        broker.stop()
        began = time.monotonic()
        drain = shuttle.add_drain(f"gold-{space}", sink.url)
        assert time.monotonic() - began < 8
        assert drain["start"] == "approximate"
        shuttle.start_worker(consuming=False)
        broker.start()
        Broker(broker.bootstrap).produce(space, events(named("new", 5)), partition=1)

        until_came(sink, *named("a moment ago", 5), *named("new", 5))
        assert sorted(texts(sink)) == sorted(named("a moment ago", 5) + named("new", 5))
        wait_until(
            lambda: shuttle.drain(f"gold-{space}", drain["id"])["state"] == "live", 10, "live"
        )
    finally:
        shuttle.close()


def test_a_window_is_sent_again(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink = kafka.create(topic(), 2), receiver()
    drain = shuttle.add_drain(f"gold-{space}", sink.url)
    path = f"/apps/gold-{space}/log-drains/{drain['id']}"
    shuttle.start_worker()
    kafka.produce(space, events(named("old", 3)), partition=0, timestamp_ms=now_ms() - HOUR_MS)
    for partition in range(2):
        kafka.produce(space, events(named(f"p{partition}", 4)), partition=partition)
    everything = named("old", 3) + named("p0", 4) + named("p1", 4)
    until_came(sink, *everything)

    answer = shuttle.api.post(f"{path}/replay", json={"since": "10m"})
    assert answer.status_code == 202, answer.text
    assert answer.json()["records"] >= 8  # other tests may have filled the routers' topics

    again = named("p0", 4) + named("p1", 4)
    wait_until(lambda: len(texts(sink)) >= 19, SOON, "the window once more")
    kafka.produce(space, events(["new"]), partition=0)
    until_came(sink, "new")
    assert sorted(texts(sink)) == sorted([*everything, *again, "new"])
    assert [line for line in texts(sink) if line.startswith("p0")] == named("p0", 4) * 2

    early = shuttle.api.post(f"{path}/replay", json={"since": "20h"})
    assert early.status_code == 422
    assert "Kafka has lines since 20" in early.json()["message"]
    assert shuttle.api.post(f"{path}/pause").status_code == 200
    assert shuttle.api.post(f"{path}/replay", json={"since": "10m"}).status_code == 409

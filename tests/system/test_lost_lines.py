"""Lines that cannot be delivered, or are not to be: counted, and told in the drain's own stream."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.broker import Broker
from tests.support.judge import judge, new_run
from tests.support.kafka import TopicNames
from tests.support.processes import RunningProcess
from tests.support.receivers import Receiver
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle, numbered_events, tag_and_text
from tests.support.waiting import wait_until

RECEIVED = "logshuttle_lines_received_total"
NOTICE = re.compile(rb"<172>1 \S+ (\S+) logshuttle - - - (Error L10 .*)")


def notices(sink: Receiver) -> list[str]:
    """What it was told, without the time since when."""
    found = (NOTICE.fullmatch(line) for line in sink.lines())
    return [re.sub(r" since \S+Z", "", match[2].decode()) for match in found if match]


def seqs(sink: Receiver) -> list[int]:
    """The numbers of the lines that arrived, in order."""
    texts = (tag_and_text(line)[1] for line in sink.lines() if not NOTICE.fullmatch(line))
    return [int(text.rpartition("seq=")[2]) for text in texts]


def dropped(shuttle: Shuttle, reason: str) -> float:
    return shuttle.metric("logshuttle_lines_dropped_total", reason=reason)


def is_behind(shuttle: Shuttle) -> bool:
    return 'state="failing"} 1.0' in shuttle.metrics()


def test_what_retention_took_from_a_stopped_worker_is_counted_and_told(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink, run = kafka.create(topic(), 1), receiver(), new_run()
    shuttle.add_drain(f"gold-{space}", sink.url)
    worker = shuttle.start_worker()
    kafka.produce(space, numbered_events("gold", run, 0, 100), partition=0)
    sink.wait_for(100)
    assert worker.terminate(limit_seconds=15) == 0
    kafka.produce(space, numbered_events("gold", run, 0, 300, start=100), partition=0)
    kafka.delete_records(space, {0: 250})

    shuttle.start_worker()

    told = "Error L10 (output buffer overflow): about 150 messages dropped."
    wait_until(lambda: len(notices(sink)) == 1, 10, "a notice")
    assert notices(sink) == [f"{told} Gone from Kafka before delivery."]
    sink.wait_for(100 + 150 + 1)
    assert seqs(sink) == [*range(100), *range(250, 400)]
    assert dropped(shuttle, "source_expired") == 150


def test_what_retention_took_during_an_outage_is_counted_and_told(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink, run = kafka.create(topic(), 1), receiver(), new_run()
    shuttle.add_drain(f"gold-{space}", sink.url)
    shuttle.start_worker()
    kafka.produce(space, numbered_events("gold", run, 0, 10), partition=0)
    sink.wait_for(10)
    sink.stop()
    kafka.produce(space, numbered_events("gold", run, 0, 300, start=10), partition=0)
    wait_until(lambda: is_behind(shuttle), 10, "failing")

    kafka.delete_records(space, {0: 250})
    sink.start()

    wait_until(lambda: 309 in seqs(sink), 30, "the last line")
    assert seqs(sink)[-60:] == [*range(250, 310)]
    wait_until(lambda: notices(sink), 10, "a notice")
    lost = int(dropped(shuttle, "source_expired"))
    assert 240 <= lost <= 250  # what was confirmed just before the end is sent again
    assert f"about {lost} messages dropped. Gone from Kafka" in notices(sink)[0]


@pytest.mark.parametrize("end", [RunningProcess.kill, RunningProcess.terminate])
def test_what_was_lost_is_told_though_the_worker_ends_as_soon_as_it_is_beyond_that(
    end: Callable[[RunningProcess], int],
    shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    receiver: Receivers,
) -> None:
    space, sink, run = kafka.create(topic(), 1), receiver(), new_run()
    drain = shuttle.add_drain(f"gold-{space}", sink.url)
    worker = shuttle.start_worker()
    kafka.produce(space, numbered_events("gold", run, 0, 10), partition=0)
    sink.wait_for(10)
    assert worker.terminate() == 0
    kafka.produce(space, numbered_events("gold", run, 0, 60, start=10), partition=0)
    kafka.delete_records(space, {0: 70})

    worker = shuttle.start_worker()
    wait_until(lambda: kafka.committed(shuttle.group, space) == {0: 70}, 10, "it is beyond that")
    end(worker)
    shuttle.start_worker()

    def is_told() -> bool:
        told = shuttle.drain(f"gold-{space}", drain["id"])["lines_lost"]
        return told >= 60 or bool(notices(sink))

    wait_until(is_told, 20, "the loss is told")


@pytest.mark.parametrize("what", ["a topic", "a partition"])
def test_what_retention_took_before_anybody_read_it_is_counted_and_told(
    what: str, shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink, run = topic(), receiver(), new_run()
    if what == "a partition":
        kafka.create(space, 1)
    drain = shuttle.add_drain(f"gold-{space}", sink.url)
    if what == "a partition":
        kafka.grow(space, 2)
    else:
        kafka.create(space, 2)
    kafka.produce(space, numbered_events("gold", run, 1, 60), partition=1)
    kafka.delete_records(space, {1: 50})

    shuttle.start_worker()

    wait_until(lambda: 59 in seqs(sink), 20, "the last line")
    wait_until(lambda: notices(sink), 10, "a notice")
    assert "about 50 messages dropped. Gone from Kafka" in notices(sink)[0]
    wait_until(
        lambda: shuttle.drain(f"gold-{space}", drain["id"])["lines_lost"] == 50, 10, "counted"
    )


def test_a_topic_made_anew_is_read_from_its_beginning(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink, old, new = kafka.create(topic(), 1), receiver(), new_run(), new_run()
    shuttle.add_drain(f"gold-{space}", sink.url)
    shuttle.start_worker()
    kafka.produce(space, numbered_events("gold", old, 0, 500), partition=0)
    sink.wait_for(500)

    kafka.delete([space])
    wait_until(lambda: not kafka.partitions(space), 10, "gone")
    kafka.create(space, 1)
    kafka.produce(space, numbered_events("gold", new, 0, 800), partition=0)

    def of_new() -> list[tuple[str, str]]:
        return [pair for pair in map(tag_and_text, sink.lines()) if f"run={new}" in pair[1]]

    wait_until(lambda: not judge(new, {0: 800}, of_new()).lost, 30, "every line of the new log")
    wait_until(lambda: notices(sink), 70, "a notice")
    assert "Kafka's topic was made anew." in notices(sink)[0]


def test_with_on_lag_skip_a_drain_jumps_to_live_and_is_told_how_many(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink, run = kafka.create(topic(), 1), receiver(), new_run()
    drain = shuttle.add_drain(f"gold-{space}", sink.url, on_lag="skip")
    path = f"/apps/gold-{space}/log-drains/{drain['id']}"
    shuttle.start_worker()
    kafka.produce(space, numbered_events("gold", run, 0, 10), partition=0)
    sink.wait_for(10)
    assert shuttle.api.post(f"{path}/pause").status_code == 200
    wait_until(lambda: 'state="paused"} 1.0' in shuttle.metrics(), 5, "paused")
    kafka.produce(space, numbered_events("gold", run, 0, 300, start=10), partition=0)
    wait_until(lambda: shuttle.metric(RECEIVED, source="kubernetes") == 310, 10, "all passed by")

    assert shuttle.api.post(f"{path}/resume").status_code == 200
    wait_until(lambda: dropped(shuttle, "skipped") == 300, 10, "the jump")
    kafka.produce(space, numbered_events("gold", run, 0, 10, start=310), partition=0)

    sink.wait_for(10 + 10 + 1)
    assert seqs(sink) == [*range(10), *range(310, 320)]
    assert [told.partition("overflow): ")[2] for told in notices(sink)] == [
        "300 messages dropped. Skipped: the receiver was behind (on_lag: skip)."
    ]


@pytest.mark.parametrize("options", [{"max_lag_seconds": 60}], ids=["one minute"])
def test_lines_older_than_the_limit_are_not_replayed(
    options: dict[str, Any],
    shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    receiver: Receivers,
) -> None:
    space, sink, run = kafka.create(topic(), 1), receiver(), new_run()
    drain = shuttle.add_drain(f"gold-{space}", sink.url, **options)
    path = f"/apps/gold-{space}/log-drains/{drain['id']}"
    shuttle.start_worker()
    assert shuttle.api.post(f"{path}/pause").status_code == 200
    wait_until(lambda: 'state="paused"} 1.0' in shuttle.metrics(), 5, "paused")
    now_ms = int(time.time() * 1000)
    old, young = numbered_events("gold", run, 0, 40), numbered_events("gold", run, 0, 9, start=40)
    kafka.produce(space, old, partition=0, timestamp_ms=now_ms - 600_000)
    kafka.produce(space, young, partition=0, timestamp_ms=now_ms)
    wait_until(lambda: shuttle.metric(RECEIVED, source="kubernetes") == 49, 10, "all passed by")

    assert shuttle.api.post(f"{path}/resume").status_code == 200

    sink.wait_for(9 + 1)
    assert seqs(sink) == [*range(40, 49)]
    assert notices(sink) == [
        "Error L10 (output buffer overflow): 40 messages dropped."
        " Skipped: older than max_lag_seconds."
    ]

"""From Kafka to a receiver, all in real processes."""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Callable

import pytest

from events.formats.timestamps import rfc5424_time_of_ms
from tests.support.broker import Broker
from tests.support.golden import golden_cases
from tests.support.judge import Verdict, judge, new_run
from tests.support.kafka import TopicNames
from tests.support.receivers import NEVER_READ, NORMAL, Receiver, slow
from tests.support.receiving import Receivers
from tests.support.records import RECORD_TIME, RECORD_TIME_MS, kubernetes_event
from tests.support.rsyslog import Rsyslog
from tests.support.shuttle import Shuttle, numbered_events, tag_and_text
from tests.support.syslog import parse
from tests.support.waiting import wait_until
from tests.unit.events.test_kubernetes import FREE, OURS

PARTITIONS = 4


def verdict_of(receiver: Receiver, run: str, produced: dict[int, int]) -> Verdict:
    return judge(run, produced, map(tag_and_text, receiver.lines()))


def produce(broker: Broker, topic: str, app: str, run: str, count: int, start: int = 0) -> None:
    """`count` numbered lines in each partition."""
    for partition in range(PARTITIONS):
        events = numbered_events(app, run, partition, count, start=start)
        broker.produce(topic, events, partition=partition)


def test_the_golden_events_arrive_as_the_original_sent_them(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink = kafka.create(topic(), partitions=1), receiver()
    shuttle.add_drain("gold-" + space, sink.url)
    shuttle.start_worker()
    cases = [case for case in golden_cases("kubernetes") if case.name not in FREE]
    soon = int(time.time()) + 60  # not before the drain was made, and known to the millisecond
    kafka.produce(space, [case.value for case in cases], timestamp_ms=soon * 1000 + 123)
    expected = [
        line
        for case in cases
        for line in (OURS[case.name] if case.ours else case.original.get("gs", []))
    ]

    lines = sink.wait_for(len(expected))

    stamped = [
        line.replace(RECORD_TIME, rfc5424_time_of_ms(soon * 1000 + 123)).replace(
            " gold-gs ", f" gold-{space} "
        )
        for line in expected
    ]
    assert [line.decode() for line in lines] == stamped
    for line in lines:
        parse(line)
    refused = len([case for case in cases if not case.ours and "gs" not in case.original])
    foreign = 1  # `other-app-prefix` is another app's, and well formed
    assert shuttle.metric("logshuttle_records_malformed_total") == refused - foreign


@pytest.mark.parametrize(
    "count",
    [
        pytest.param(20_000, id="20,000"),
        pytest.param(100_000, id="100,000", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("into", ["rsyslog", "strict parser"])
def test_lines_of_twenty_apps_arrive_once_and_in_order(
    into: str,
    count: int,
    request: pytest.FixtureRequest,
    shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
) -> None:
    space = kafka.create(topic(), PARTITIONS)
    sink: Rsyslog | Receiver = (
        request.getfixturevalue("rsyslog")
        if into == "rsyslog"
        else request.getfixturevalue("receiver")()
    )
    runs = {f"app{number}": new_run() for number in range(20)}
    each = count // PARTITIONS // len(runs)
    for app in runs:
        shuttle.add_drain(f"{app}-{space}", sink.url)
    shuttle.start_worker()

    for partition in range(PARTITIONS):
        events = (numbered_events(app, run, partition, each) for app, run in runs.items())
        mixed = itertools.chain.from_iterable(zip(*events, strict=True))
        kafka.produce(space, mixed, partition=partition)

    received: dict[str, list[tuple[str, str]]] = {f"{app}-{space}": [] for app in runs}
    if isinstance(sink, Rsyslog):
        for written in sink.wait_for(count, limit_seconds=60):
            received[written.hostname].append((written.app_name, written.msg.decode().strip()))
    else:
        for record in map(parse, sink.wait_for(count, limit_seconds=60)):
            received[record.hostname or ""].append((record.app_name or "", record.text))
    for app, run in runs.items():
        verdict = judge(run, dict.fromkeys(range(PARTITIONS), each), received[f"{app}-{space}"])
        assert verdict.exactly_once, f"{app}: {verdict}"


@pytest.mark.slow
def test_a_worker_killed_three_times_in_mid_stream_loses_nothing(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink, run = kafka.create(topic(), PARTITIONS), receiver(), new_run()
    shuttle.add_drain(f"gold-{space}", sink.url)
    worker = shuttle.start_worker()
    each, rounds, tails = 5_000, 4, 0
    for number in range(rounds):
        before = len(sink.lines())
        produce(kafka, space, "gold", run, each, start=number * each)
        if number < rounds - 1:
            sink.wait_for(before + 1_000)
            worker.kill()
            tails += uncommitted(kafka, shuttle.group, space, sink, ended=number + 1)
            worker = shuttle.start_worker()
    produced = dict.fromkeys(range(PARTITIONS), rounds * each)

    wait_until(lambda: not verdict_of(sink, run, produced).lost, 60, "all lines")

    verdict = verdict_of(sink, run, produced)
    assert verdict.at_least_once, verdict
    assert sum(verdict.duplicates.values()) <= tails


def uncommitted(broker: Broker, group: str, topic: str, sink: Receiver, *, ended: int) -> int:
    """How many lines had arrived when a worker died, beyond what it had committed."""
    wait_until(lambda: sink.ended_connections() == ended, 10, "all that was sent is read")
    return len(set(sink.lines())) - sum(broker.committed(group, topic).values())


def test_a_worker_that_is_told_to_stop_repeats_nothing(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink, run = kafka.create(topic(), PARTITIONS), receiver(), new_run()
    shuttle.add_drain(f"gold-{space}", sink.url)
    worker = shuttle.start_worker()
    produce(kafka, space, "gold", run, 5_000)
    sink.wait_for(1_000)

    assert worker.terminate(limit_seconds=15) == 0
    shuttle.start_worker()

    sink.wait_for(PARTITIONS * 5_000)
    verdict = verdict_of(sink, run, dict.fromkeys(range(PARTITIONS), 5_000))
    assert verdict.exactly_once, verdict


def test_a_second_signal_ends_the_worker_at_once(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, stuck = kafka.create(topic(), PARTITIONS), receiver(NEVER_READ)
    shuttle.add_drain(f"gold-{space}", stuck.url)
    worker = shuttle.start_worker()
    produce(kafka, space, "gold", new_run(), 20_000)
    wait_until(stuck.connections, 10, "a connection")

    worker.signal(signal.SIGTERM)
    worker.wait_for_output("Stopping")
    worker.signal(signal.SIGTERM)

    assert worker.wait(limit_seconds=2) == 1


def test_drains_come_and_go_while_lines_flow(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, first, second = kafka.create(topic(), PARTITIONS), receiver(), receiver()
    shuttle.add_drain(f"gold-{space}", first.url)
    shuttle.start_worker()
    kafka.produce(space, [kubernetes_event("before")], partition=0)
    first.wait_for(1)

    made = shuttle.add_drain(f"gold-{space}", second.url)
    kafka.produce(space, [kubernetes_event("after")], partition=0)
    lines = second.wait_for(1, limit_seconds=4)
    assert [tag_and_text(line) for line in lines] == [("web.1", "after")]

    assert shuttle.api.delete(f"/apps/gold-{space}/log-drains/{made['id']}").status_code == 200
    wait_until(lambda: second.ended_connections() == 1, 4, "the connection's end")
    kafka.produce(space, [kubernetes_event("later")], partition=0)
    first.wait_for(3)
    assert len(second.lines()) == 1


def test_a_new_topic_is_consumed_from_its_first_line(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, other, sink = topic(), kafka.create(topic(), 1), receiver()
    shuttle.add_drain(f"gold-{other}", sink.url)
    shuttle.start_worker()
    shuttle.add_drain(f"gold-{space}", sink.url)
    kafka.create(space, PARTITIONS)
    run = new_run()

    produce(kafka, space, "gold", run, 100)

    sink.wait_for(PARTITIONS * 100, limit_seconds=15)
    verdict = verdict_of(sink, run, dict.fromkeys(range(PARTITIONS), 100))
    assert verdict.exactly_once, verdict


def test_the_first_drain_of_a_space_acts_within_five_seconds(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink = kafka.create(topic(), PARTITIONS), receiver()
    shuttle.start_worker()
    kafka.produce(space, [kubernetes_event("before")], timestamp_ms=RECORD_TIME_MS)

    shuttle.add_drain(f"gold-{space}", sink.url)
    kafka.produce(space, [kubernetes_event("after")])

    lines = sink.wait_for(1, limit_seconds=5)
    assert tag_and_text(lines[0]) == ("web.1", "after")


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(Receiver.kill, id="killed"),
        pytest.param(Receiver.stop, id="stopped", marks=pytest.mark.slow),
    ],
)
def test_a_receiver_that_was_away_gets_every_line_in_order(
    end: Callable[[Receiver], None],
    shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    receiver: Receivers,
) -> None:
    space, sink, other, run = kafka.create(topic(), PARTITIONS), receiver(), receiver(), new_run()
    shuttle.add_drain(f"gold-{space}", sink.url)
    shuttle.add_drain(f"gold-{space}", other.url)
    shuttle.start_worker()
    produced = dict.fromkeys(range(PARTITIONS), 10_000)
    produce(kafka, space, "gold", run, 5_000)
    sink.wait_for(5_000)

    end(sink)
    produce(kafka, space, "gold", run, 5_000, start=5_000)
    other.wait_for(40_000)
    assert verdict_of(other, run, produced).exactly_once
    sink.start()

    wait_until(lambda: not verdict_of(sink, run, produced).lost, 30, "all lines")
    assert verdict_of(sink, run, produced).at_least_once
    wait_until(lambda: 'state="live"} 2.0' in shuttle.metrics(), 10, "both live again")


def test_a_receiver_that_never_reads_harms_nobody_and_is_caught_up_when_it_does(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, stuck, other, run = (
        kafka.create(topic(), PARTITIONS),
        receiver(slow(2_000, receive_buffer=4096)),
        receiver(),
        new_run(),
    )
    shuttle.add_drain(f"gold-{space}", stuck.url)
    shuttle.add_drain(f"gold-{space}", other.url)
    shuttle.start_worker()
    produced = dict.fromkeys(range(PARTITIONS), 15_000)

    produce(kafka, space, "gold", run, 15_000)

    other.wait_for(60_000, limit_seconds=30)
    assert verdict_of(other, run, produced).exactly_once
    wait_until(lambda: 'state="failing"} 1.0' in shuttle.metrics(), 30, "the stuck one fails")
    stuck.kill()
    stuck.start(NORMAL)
    wait_until(lambda: not verdict_of(stuck, run, produced).lost, 30, "all lines")
    assert verdict_of(stuck, run, produced).at_least_once


def test_a_paused_drain_keeps_its_place_over_a_restart(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink, run = kafka.create(topic(), PARTITIONS), receiver(), new_run()
    drain = shuttle.add_drain(f"gold-{space}", sink.url)
    path = f"/apps/gold-{space}/log-drains/{drain['id']}"
    worker = shuttle.start_worker()
    produce(kafka, space, "gold", run, 10)
    sink.wait_for(40)

    assert shuttle.api.post(f"{path}/pause").status_code == 200
    wait_until(lambda: 'state="paused"} 1.0' in shuttle.metrics(), 5, "paused")
    produce(kafka, space, "gold", run, 10, start=10)
    worker.terminate()
    shuttle.start_worker()
    assert len(sink.lines()) == 40
    assert shuttle.api.post(f"{path}/resume").status_code == 200

    sink.wait_for(80)
    assert verdict_of(sink, run, dict.fromkeys(range(PARTITIONS), 20)).exactly_once

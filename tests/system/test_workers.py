"""Several workers share the work, and lose nothing when some of them die."""

from __future__ import annotations

import os
import random
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.asking import get
from tests.support.broker import Broker
from tests.support.judge import new_run
from tests.support.kafka import TopicNames
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle
from tests.support.waiting import wait_until
from tests.support.workers import (
    PARTITIONS,
    assert_all_arrive,
    by_worker,
    delivered,
    produce,
    ready,
    shared,
    start_sharing,
    verdicts,
    workers_of,
)


def test_they_share_a_topic_and_each_line_arrives_once(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink, run = kafka.create(topic(), PARTITIONS), receiver(), new_run()
    shuttle.add_drain(f"gold-{space}", sink.url)
    supervisor = start_sharing(shuttle)

    produce(kafka, space, {"gold": run}, 2_000)
    sink.wait_for(PARTITIONS * 2_000)
    wait_until(lambda: sum(delivered(shuttle)) == PARTITIONS * 2_000, 10, "all are counted")
    assert all(delivered(shuttle)), "one has done nothing"

    assert supervisor.terminate() == 0
    (verdict,) = verdicts(sink, {"gold": run}, 2_000)
    assert verdict.exactly_once, verdict
    assert kafka.committed(shuttle.group, space) == dict.fromkeys(range(PARTITIONS), 2_000)


@pytest.mark.slow
def test_told_to_stop_in_mid_stream_they_repeat_nothing(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink, run = kafka.create(topic(), PARTITIONS), receiver(), new_run()
    shuttle.add_drain(f"gold-{space}", sink.url)
    supervisor = start_sharing(shuttle)

    def go_on_producing() -> None:
        for start in range(0, 4_000, 100):
            produce(kafka, space, {"gold": run}, 100, start=start)

    with ThreadPoolExecutor() as pool:
        producing = pool.submit(go_on_producing)
        sink.wait_for(1_000)
        assert supervisor.terminate() == 0
        assert len(sink.lines()) < PARTITIONS * 4_000, "it was over before"
        producing.result()
    start_sharing(shuttle)

    sink.wait_for(PARTITIONS * 4_000)
    (verdict,) = verdicts(sink, {"gold": run}, 4_000)
    assert verdict.exactly_once, verdict


def test_a_worker_that_dies_is_started_again_and_the_probes_tell(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink, run = kafka.create(topic(), PARTITIONS), receiver(), new_run()
    shuttle.add_drain(f"gold-{space}", sink.url)
    supervisor = start_sharing(shuttle)
    assert set(ready(shuttle)["workers"]) == {"0", "1", "2"}
    produce(kafka, space, {"gold": run}, 1_000)
    sink.wait_for(1_000)

    victim = workers_of(supervisor)[0]
    victim.kill()
    wait_until(lambda: ready(shuttle)["status"] == "not ready", 20, "it is missed")
    assert get(f"http://127.0.0.1:{shuttle.metrics_port}/livez").status_code == 200
    produce(kafka, space, {"gold": run}, 1_000, start=1_000)

    wait_until(lambda: shared(shuttle), 60, "all workers have partitions again")
    assert sum(by_worker(shuttle, "logshuttle_worker_restarts_total").values()) == 1
    assert "logshuttle_workers 3.0" in shuttle.metrics()
    assert shuttle.is_ready(supervisor)
    assert_all_arrive(sink, {"gold": run}, 2_000)
    os.killpg(supervisor.pid, signal.SIGINT)  # as Ctrl-C in a terminal does
    assert supervisor.wait() == 0


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("kills", "apps", "each"),
    [(3, 4, 340), pytest.param(10, 20, 840, marks=pytest.mark.slow)],
    ids=["8,000 lines", "100,000 lines"],
)
def test_workers_killed_at_random_moments_lose_nothing_and_keep_the_order(
    kills: int,
    apps: int,
    each: int,
    shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    receiver: Receivers,
) -> None:
    space, sink = kafka.create(topic(), PARTITIONS), receiver()
    runs = {f"app{number}": new_run() for number in range(apps)}
    for app in runs:
        shuttle.add_drain(f"{app}-{space}", sink.url)
    supervisor = start_sharing(shuttle)
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)

    step = each // (kills + 1)
    for number in range(kills + 1):
        before = len(sink.lines())
        count = step if number < kills else each - kills * step
        produce(kafka, space, runs, count, start=number * step)
        if number < kills:
            sink.wait_for(before + chance.randrange(1, count * apps * PARTITIONS // 3), 90)
            wait_until(lambda: workers_of(supervisor), 60, "a worker")
            chance.choice(workers_of(supervisor)).kill()

    assert_all_arrive(sink, runs, each)
    assert supervisor.terminate() == 0
    assert "Traceback" not in supervisor.output()

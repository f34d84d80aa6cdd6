"""Several workers under one supervisor."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.broker import Broker
from tests.support.judge import Verdict, judge, new_run
from tests.support.kafka import TopicNames
from tests.support.ports import free_port
from tests.support.processes import RunningProcess, alive
from tests.support.receivers import NEVER_READ, Receiver
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle, numbered_events, tag_and_text
from tests.support.waiting import wait_until

WORKERS = 3
PARTITIONS = 6


def workers_of(supervisor: RunningProcess) -> list[psutil.Process]:
    return [child for child in psutil.Process(supervisor.pid).children() if is_worker(child)]


def is_worker(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
        return alive(process) and "--probes-socket" in process.cmdline()
    return False


def by_worker(shuttle: Shuttle, name: str) -> dict[str, float]:
    return {
        sample.labels["worker"]: sample.value
        for family in text_string_to_metric_families(shuttle.metrics())
        for sample in family.samples
        if sample.name == name
    }


def delivered(shuttle: Shuttle) -> list[float]:
    return list(by_worker(shuttle, "logshuttle_lines_delivered_total").values())


def ready(shuttle: Shuttle) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"http://127.0.0.1:{shuttle.metrics_port}/readyz").json()
    return found


def shared(shuttle: Shuttle) -> bool:
    """Every worker has a part of the topic, and all have all of it."""
    shares = by_worker(shuttle, "logshuttle_partitions_assigned")
    return len(shares) == WORKERS and all(shares.values()) and sum(shares.values()) >= PARTITIONS


def start_sharing(shuttle: Shuttle) -> RunningProcess:
    supervisor = shuttle.start_worker(workers=WORKERS)
    wait_until(lambda: shared(shuttle), 60, "all workers have partitions")
    return supervisor


def produce(
    broker: Broker, space: str, runs: dict[str, str], count: int, *, start: int = 0
) -> None:
    """`count` numbered lines of each app in each partition, the apps' lines mixed."""
    for partition in range(PARTITIONS):
        events = (
            numbered_events(app, run, partition, count, start=start) for app, run in runs.items()
        )
        mixed = itertools.chain.from_iterable(zip(*events, strict=True))
        broker.produce(space, mixed, partition=partition)


def verdicts(sink: Receiver, runs: dict[str, str], each: int) -> list[Verdict]:
    """On each app's lines, told apart by their HOSTNAME."""
    lines: dict[str, list[tuple[str, str]]] = {app: [] for app in runs}
    for line in sink.lines():
        lines[line.split(b" ", 3)[2].decode().partition("-")[0]].append(tag_and_text(line))
    produced = dict.fromkeys(range(PARTITIONS), each)
    return [judge(run, produced, lines[app], drain=app) for app, run in runs.items()]


def assert_all_arrive(sink: Receiver, runs: dict[str, str], each: int) -> None:
    """At least once, and the lines of each tag in order."""
    sink.wait_for(len(runs) * PARTITIONS * each, 120)
    wait_until(lambda: not any(v.lost for v in verdicts(sink, runs, each)), 60, "all lines")
    for verdict in verdicts(sink, runs, each):
        assert verdict.at_least_once, verdict


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
    assert kafka.committed("logshuttle", space) == dict.fromkeys(range(PARTITIONS), 2_000)


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
    assert httpx.get(f"http://127.0.0.1:{shuttle.metrics_port}/livez").status_code == 200
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


def test_with_the_supervisor_killed_nothing_is_left(shuttle: Shuttle) -> None:
    supervisor = shuttle.start_worker(workers=WORKERS)
    wait_until(lambda: len(workers_of(supervisor)) == WORKERS, 30, "all workers")
    family = psutil.Process(supervisor.pid).children(recursive=True)

    supervisor.signal(signal.SIGKILL)

    wait_until(lambda: not any(map(alive, family)), 10, "the end of all")


def test_a_second_signal_ends_all_at_once(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, stuck = kafka.create(topic(), PARTITIONS), receiver(NEVER_READ)
    shuttle.add_drain(f"gold-{space}", stuck.url)
    supervisor = start_sharing(shuttle)
    produce(kafka, space, {"gold": new_run()}, 10_000)
    wait_until(stuck.connections, 10, "a connection")
    family = psutil.Process(supervisor.pid).children(recursive=True)

    supervisor.signal(signal.SIGINT)
    wait_until(lambda: supervisor.output().count("Stopping: ") == WORKERS, 10, "all are told")
    assert supervisor.running
    before = time.monotonic()
    supervisor.signal(signal.SIGINT)

    assert supervisor.wait(5) == 1
    wait_until(lambda: not any(map(alive, family)), 5, "the end of all")
    assert time.monotonic() - before < 5


def test_a_bad_configuration_is_said_once_and_ends_all(tmp_path: Path, kafka: Broker) -> None:
    shuttle = Shuttle(tmp_path, kafka.bootstrap, {"KAFKA_CONF_no_such_property": "1"})
    shuttle.migrate()

    with shuttle.run("runshuttle", "--workers", "3") as supervisor:
        assert supervisor.wait() == 2
        assert supervisor.output().count("no.such.property") == 1
        assert "Traceback" not in supervisor.output()
    shuttle.close()


def test_a_taken_port_is_said_once_and_ends_all(
    tmp_path: Path, kafka: Broker, receiver: Receivers
) -> None:
    shuttle = Shuttle(tmp_path, kafka.bootstrap, {"METRICS_PORT": str(receiver().port)})

    with shuttle.run("runshuttle", "--workers", "3") as supervisor:
        assert supervisor.wait() == 1
        assert supervisor.output().count("METRICS_PORT") == 1
        assert "Traceback" not in supervisor.output()
    shuttle.close()


def test_told_to_stop_while_they_start_they_end_in_order(tmp_path: Path, kafka: Broker) -> None:
    shuttle = Shuttle(tmp_path, kafka.bootstrap)

    with shuttle.run("runshuttle", "--workers", "3") as supervisor:
        wait_until(lambda: workers_of(supervisor), 20, "the first worker")
        assert supervisor.terminate() == 0
        assert "Traceback" not in supervisor.output()
    shuttle.close()


@pytest.mark.parametrize("workers", ["0", "-1", "x", "1.5", "257"])
def test_a_number_of_workers_that_cannot_be(workers: str, tmp_path: Path, kafka: Broker) -> None:
    shuttle = Shuttle(tmp_path, kafka.bootstrap)

    with shuttle.run("runshuttle", f"--workers={workers}") as process:
        assert process.wait() == 2
        assert "--workers" in process.output()
        assert "is no number from 1 to 256" in process.output()
    shuttle.close()


def test_the_envoy_receiver_is_started_once(tmp_path: Path, kafka: Broker) -> None:
    shuttle = Shuttle(
        tmp_path, kafka.bootstrap, {"RUN_ISTIO_ALS": "true", "ALS_PORT": str(free_port())}
    )
    shuttle.migrate()
    supervisor = shuttle.start_worker(workers=2)

    supervisor.wait_for_output("Taking access logs on port")
    wait_until(lambda: len(workers_of(supervisor)) == 2, 30, "both workers")
    family = psutil.Process(supervisor.pid).children(recursive=True)
    assert sum("runals" in child.cmdline() for child in family) == 1
    assert supervisor.terminate() == 0
    assert supervisor.output().count("Taking access logs on port") == 1
    shuttle.close()

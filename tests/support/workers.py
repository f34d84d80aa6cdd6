"""Several workers under one supervisor: found, asked, and their work judged."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import psutil
from prometheus_client.parser import text_string_to_metric_families

from tests.support.asking import get
from tests.support.broker import Broker
from tests.support.judge import Verdict, judge
from tests.support.processes import RunningProcess, alive
from tests.support.receivers import Receiver
from tests.support.shuttle import Shuttle, numbered_events, tag_and_text
from tests.support.waiting import wait_until

WORKERS = 3
PARTITIONS = 6


def workers_of(supervisor: RunningProcess) -> list[psutil.Process]:
    return [child for child in psutil.Process(supervisor.pid).children() if is_worker(child)]


def is_worker(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
        return alive(process) and "--probes-place" in process.cmdline()
    return False


def by_worker(shuttle: Shuttle, name: str) -> dict[str, float]:
    """Each worker's sum over the other labels."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(shuttle.metrics()):
        for sample in family.samples:
            if sample.name == name:
                worker = sample.labels["worker"]
                found[worker] = found.get(worker, 0) + sample.value
    return found


def delivered(shuttle: Shuttle) -> list[float]:
    return list(by_worker(shuttle, "logshuttle_lines_delivered_total").values())


def ready(shuttle: Shuttle) -> dict[str, Any]:
    found: dict[str, Any] = get(f"http://127.0.0.1:{shuttle.metrics_port}/readyz").json()
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

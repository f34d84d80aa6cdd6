"""S10: patterns that take milliseconds a line are their owner's trouble alone.

Such patterns can't be saved any more; here they lie in the database from before that.
"""

from __future__ import annotations

import random
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.support.asking import get
from tests.support.broker import Broker
from tests.support.kafka import TopicNames
from tests.support.others import Others
from tests.support.receiving import Receivers
from tests.support.records import kubernetes_event
from tests.support.shuttle import Shuttle
from tests.support.waiting import wait_until

DRAINS = 20
LINE_CHARACTERS = 4096
SHARE = 0.02
OF_RESTART = 60.0


@pytest.fixture
def ports() -> Iterator[list[int]]:
    """Of receivers that are there, and are sent nothing."""
    with ExitStack() as stack:
        listeners = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=16))
            for _ in range(DRAINS)
        ]
        yield [listener.getsockname()[1] for listener in listeners]


def add_attackers(shuttle: Shuttle, apps: list[str], space: str, ports: list[int]) -> list[str]:
    """The ids of the first one's drains."""
    ids = []
    for app in apps:
        for number, port in enumerate(ports):
            filter_of = {"include": f"quick{number}"}
            made = shuttle.add_drain(
                f"{app}-{space}", f"syslog://127.0.0.1:{port}", filter=filter_of
            )
            ids.append(made["id"])
    database = Path(shuttle.environment["DATABASE_URL"].removeprefix("sqlite:///"))
    with closing(sqlite3.connect(database, timeout=30)) as opened, opened:
        for number in range(DRAINS):
            slow = f"(a|b)*a(a|b){{{56 + number}}}[c0]"
            opened.execute(
                "UPDATE drains_drain SET stored_options = replace(stored_options, ?, ?)",
                [f'"quick{number}"', f'"{slow}"'],
            )
    return ids[: len(ports)]


def events(app: str, count: int) -> list[bytes]:
    chance = random.Random(app)
    lines = ("".join(chance.choices("ab", k=LINE_CHARACTERS)) for _ in range(count))
    return [kubernetes_event(line, pod=f"{app}-1", container=app) for line in lines]


def test_a_worker_gets_on_and_is_back_after_a_kill(
    own_shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    ports: list[int],
    receiver: Receivers,
) -> None:
    """By its own figures."""
    sink = receiver()
    shuttle, space = own_shuttle, kafka.create(topic())
    ids = add_attackers(shuttle, ["gold"], space, ports)
    shuttle.add_drain(f"lead-{space}", sink.url)
    attack = events("gold", 100)
    kafka.produce(space, [*attack, *events("lead", 10)], partition=0)
    worker = shuttle.start_worker()
    sink.wait_for(10, 30)
    spent = shuttle.metric("logshuttle_filters_cpu_seconds_total")
    assert 0 < spent < OF_RESTART * SHARE
    assert shuttle.metric("logshuttle_filters_too_slow_total") >= DRAINS - 2
    wait_until(
        lambda: (
            shuttle.drain(f"gold-{space}", ids[-1])["last_error"] == "the filter takes too long"
        ),
        20,
        "it says why",
    )
    worker.kill()
    kafka.produce(space, [*attack, *events("lead", 10)], partition=0)
    began = time.monotonic()
    shuttle.start_worker()
    sink.wait_for(20, 30)
    took = time.monotonic() - began
    assert shuttle.metric("logshuttle_filters_cpu_seconds_total") < (took + 2) * SHARE + 0.1


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_four_apps_with_slow_patterns_harm_nobody(
    own_shuttle: Shuttle, kafka: Broker, topic: TopicNames, ports: list[int]
) -> None:
    shuttle, space = own_shuttle, kafka.create(topic())
    apps = ["gold", "iron", "lead", "zinc"]
    add_attackers(shuttle, apps, space, ports)
    worker = shuttle.start_worker()
    attack = [event for app in apps for event in events(app, 250)]
    random.Random(1).shuffle(attack)
    with Others(shuttle, kafka, [worker, shuttle.web]) as others:
        control = others.watch(15)
        with others.watched() as seen:
            kafka.produce(space, attack, partition=0)
            time.sleep(30)
            assert get(f"http://127.0.0.1:{shuttle.metrics_port}/livez").status_code == 200
        cpu = shuttle.metric("logshuttle_filters_cpu_seconds_total")
        print(f"\nfilters: {seen[0]}; control {control}; {cpu:.2f} s of CPU went into patterns")
        others.all_arrive()
        others.memory_comes_back()
    seen[0].is_unharmed(control)

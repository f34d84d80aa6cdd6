"""The doctor as an operator calls it: on an installation that is well, and where nothing works."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AclOperation

from tests.support.broker import Broker
from tests.support.kafka import TopicNames
from tests.support.ports import free_port
from tests.support.receiving import Receivers
from tests.support.shuttle import AUTH_KEY, Shuttle
from tests.support.waiting import wait_until
from tests.system.faults.test_topic_rights import allow, broker, installation

__all__ = ("broker", "installation")  # fixtures

SECTIONS = ["Settings", "Kafka", "Topics", "Database", "Cache", "Keys", "Workers"]
LIMIT_SECONDS = 4.0


def doctor(shuttle: Shuttle, *options: str) -> tuple[int, str]:
    """Its exit status, and all that it has said."""
    with shuttle.run("doctor", *options) as running:
        status = running.wait()
        said = running.output()
        running.log.unlink()
    return status, said


def test_an_installation_that_works_is_well(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink = kafka.create(topic()), receiver()
    drain = shuttle.add_drain(f"gold-{space}", sink.url)
    with shuttle.run("runshuttle") as worker:
        worker_is_heard(shuttle)
        status, said = doctor(shuttle, "--drain", drain["id"], "--show-settings")
        assert worker.running

    assert status == 0, said
    assert [line for line in said.splitlines() if line in [*SECTIONS, "Drain"]] == [
        *SECTIONS,
        "Drain",
    ]
    assert "0 failures." in said
    assert "1 broker answers: 127.0.0.1" in said
    assert "The oldest broker speaks as Kafka" in said
    assert f"The group {shuttle.group} has 1 member" in said
    assert "1 worker works on" in said
    assert "send, " in said
    assert shuttle.group in said
    assert "\x1b" not in said
    for secret in (AUTH_KEY, shuttle.environment["SECRET_KEY"]):
        assert secret not in said
    assert len(sink.wait_for(1)) == 1


def worker_is_heard(shuttle: Shuttle) -> None:
    def heard() -> bool:
        workers = shuttle.api.get("/overview").json()["workers"]
        return any(each["partitions"] for each in workers)

    wait_until(heard, 30, "the worker is heard")


@pytest.fixture
def nothing_works(tmp_path: Path) -> Iterator[Shuttle]:
    """No Kafka, no database, and a cache that says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        made = Shuttle(
            tmp_path,
            f"127.0.0.1:{free_port()}",
            {
                "DATABASE_URL": f"postgres://us:s3cret@127.0.0.1:{free_port()}/none",
                "REDIS_URL": f"redis://:s3cret@127.0.0.1:{silent.getsockname()[1]}",
            },
        )
        yield made
        made.close()


def test_where_nothing_works_each_thing_is_told(nothing_works: Shuttle) -> None:
    status, said = doctor(nothing_works, "--json", "--show-settings")
    found: dict[str, Any] = json.loads(said)
    verdicts = {name: {each["verdict"] for each in of} for name, of in found["checks"].items()}

    assert status == 1
    assert list(verdicts) == SECTIONS
    for name in ("Kafka", "Topics", "Database", "Cache", "Keys", "Workers"):
        assert "fail" in verdicts[name], found["checks"][name]
    assert all(
        each["do"] for of in found["checks"].values() for each in of if each["verdict"] != "ok"
    )
    assert "s3cret" not in said
    assert AUTH_KEY not in said


def test_it_ends_whatever_hangs(nothing_works: Shuttle) -> None:
    """A database that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgres://us:s3cret@127.0.0.1:{silent.getsockname()[1]}/none?connect_timeout=600"
        nothing_works.environment["DATABASE_URL"] = url
        began = time.monotonic()
        status, said = doctor(nothing_works, "--limit", f"{LIMIT_SECONDS:g}")
        took = time.monotonic() - began

    assert status == 1
    assert [line for line in said.splitlines() if line in SECTIONS] == SECTIONS
    assert f"This took longer than {LIMIT_SECONDS:g} s" in said
    assert max(map(len, said.splitlines())) <= 80
    assert took < LIMIT_SECONDS + 20, "it hung"


@pytest.mark.slow
def test_a_topic_that_kafka_does_not_let_us_read_is_named(
    installation: Shuttle, broker: Any
) -> None:
    installation.add_drain("gold-gs", f"syslog://127.0.0.1:{free_port()}")
    status, said = doctor(installation)
    assert status == 1, said
    assert "Kafka does not let us read the topic gs." in said

    allow(broker, AclOperation.ALL)
    _, said = doctor(installation)
    assert "Kafka lets us read them all" in said

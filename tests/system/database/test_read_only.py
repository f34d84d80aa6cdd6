"""A database that answers and takes no writes, as after a failover: what needs none goes on."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.broker import Broker
from tests.support.judge import new_run
from tests.support.kafka import TopicNames
from tests.support.outcome import all_arrive
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle, served
from tests.support.steady_load import SteadyLoad
from tests.support.stores import Postgres
from tests.support.waiting import wait_until


@pytest.fixture
def installation(tmp_path: Path, kafka: Broker, database_url: str) -> Iterator[Shuttle]:
    more = {"DATABASE_URL": database_url}
    with served(tmp_path, kafka.bootstrap, more, is_migrated=True) as made:
        yield made


def set_read_only(postgres: Postgres, url: str, how: str) -> None:
    """Of this database, for who connects from now on; who is there is cut off."""
    name = url.rpartition("/")[2]
    postgres.run(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {how}')
    postgres.asked(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", name
    )


def asked(shuttle: Shuttle, space: str) -> Counter[str]:
    """What each kind of request was answered."""
    drains = f"/apps/silver-{space}/log-drains"
    answers = {
        "GET": shuttle.api.get(drains),
        "POST": shuttle.api.post(drains, json={"url": "syslog://127.0.0.1:20000"}),
        "session": shuttle.api.post("/log-sessions", json={"app": "silver", "space": space}),
        "page": shuttle.api.get("/admin/login/"),
    }
    for answer in answers.values():
        if answer.status_code == 503:
            assert "the database takes no writes" in answer.json()["detail"]
            assert answer.headers["Retry-After"]
    return Counter(f"{what} {answer.status_code}" for what, answer in answers.items())


@pytest.mark.parametrize("seconds", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_it_is_a_503_and_said_once(
    seconds: float,
    installation: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    receiver: Receivers,
    postgres: Postgres,
    database_url: str,
) -> None:
    shuttle, space, sink, run = installation, kafka.create(topic(), 4), receiver(), new_run()
    shuttle.add_drain(f"gold-{space}", sink.url)
    worker = shuttle.start_worker()
    with SteadyLoad(kafka.bootstrap, space, run) as load:
        sink.wait_for(200)
        set_read_only(postgres, database_url, "on")
        wait_until(lambda: shuttle.api.get("/readyz").status_code == 503, 10, "not ready")
        assert "database_check=failed" in shuttle.api.get("/octhc").text
        began, found = time.monotonic(), Counter[str]()
        while time.monotonic() - began < seconds:
            found += asked(shuttle, space)
        set_read_only(postgres, database_url, "off")
        back = time.monotonic()
        wait_until(lambda: shuttle.api.get("/readyz").status_code == 200, 10, "ready")
        shuttle.add_drain(f"silver-{space}", "syslog://127.0.0.1:20001")
        print(f"{dict(found)}; well again after {time.monotonic() - back:.1f} s")
        produced = load.stop()
    all_arrive(sink, run, produced)
    assert found.keys() == {"GET 200", "POST 503", "session 503", "page 200"}
    wait_until(lambda: "well again" in shuttle.web.output(), 15, "it is said")
    said = [line for line in shuttle.web.output().splitlines() if "action=database_" in line]
    kinds = Counter(line.rpartition("action=")[2] for line in said)
    assert kinds["database_read_only"] == 1
    assert kinds.total() <= 3, said  # who was cut off may have said so
    assert "Traceback" not in shuttle.web.output()
    assert "Service Unavailable" not in shuttle.web.output()
    assert worker.terminate() == 0

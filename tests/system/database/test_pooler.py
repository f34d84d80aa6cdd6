"""PostgreSQL behind pgbouncer in transaction mode: no session is ours beyond a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import httpx
import pytest

from tests.support.broker import Broker
from tests.support.judge import new_run
from tests.support.kafka import TopicNames
from tests.support.outcome import all_arrive
from tests.support.pgbouncer import Pgbouncer
from tests.support.receiving import Receivers
from tests.support.shuttle import AUTH_KEY, Shuttle, served
from tests.support.steady_load import SteadyLoad

CLIENTS = 4


@pytest.fixture
def installation(tmp_path: Path, kafka: Broker, database_url: str) -> Iterator[Shuttle]:
    with Pgbouncer(tmp_path / "pgbouncer", database_url, pool=4) as pooler:
        more = {"DATABASE_URL": pooler.url, "MAX_DRAINS_PER_APP": "1000", "RATE_LIMITS": "off"}
        with served(tmp_path, kafka.bootstrap, more, is_migrated=True) as made:
            yield made


def listed(shuttle: Shuttle, space: str, over: Event) -> set[int]:
    """The statuses of a client that lists drains until it is over."""
    found = set()
    with httpx.Client(base_url=shuttle.api.base_url, headers={"Authorization": AUTH_KEY}) as api:
        while not over.is_set():
            found.add(api.get(f"/apps/gold-{space}/log-drains", timeout=30).status_code)
            found.add(api.get("/log-drains", timeout=30).status_code)
    return found


@pytest.mark.parametrize("count", [8, pytest.param(100, marks=pytest.mark.slow)])
def test_drains_are_listed_made_and_served(
    count: int, installation: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    shuttle, space, sink, run = installation, kafka.create(topic(), 4), receiver(), new_run()
    shuttle.add_drain(f"gold-{space}", sink.url)
    worker, over = shuttle.start_worker(), Event()
    with SteadyLoad(kafka.bootstrap, space, run) as load, ThreadPoolExecutor(CLIENTS) as clients:
        lists = [clients.submit(listed, shuttle, space, over) for _ in range(CLIENTS)]
        try:
            for number in range(count):
                made = shuttle.add_drain(f"silver-{space}", f"syslog://127.0.0.1:{20_000 + number}")
                path = f"/apps/silver-{space}/log-drains/{made['id']}"
                assert shuttle.api.patch(path, json={"paused": True}).status_code == 200
                assert shuttle.api.delete(path).status_code == 200
        finally:
            over.set()
        assert [each.result() for each in lists] == [{200}] * CLIENTS
        produced = load.stop()
    all_arrive(sink, run, produced, duplicates=0)
    for process in (shuttle.web, worker):
        assert "Traceback" not in process.output()
        assert process.output().count("takes no time-outs of ours") == 1
    assert shuttle.api.get("/readyz").status_code == 200
    assert worker.terminate() == 0

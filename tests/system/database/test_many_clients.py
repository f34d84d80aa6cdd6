"""More clients than PostgreSQL has connections: a process takes its own share, and each is
answered."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread

import httpx
import psycopg2
import pytest

from tests.support.broker import Broker
from tests.support.shuttle import AUTH_KEY, Shuttle, served
from tests.support.stores import Postgres, postgres_server
from tests.support.waiting import wait_until

CONNECTIONS = 10
CLOSING = 6
"""That we have closed, and PostgreSQL is not done with yet."""


@pytest.fixture
def few_connections(tmp_path: Path) -> Iterator[Postgres]:
    """A server of the test's own, with 30 of them."""
    folder = tmp_path / "run"
    folder.mkdir()
    with postgres_server(folder) as server:
        server.run("ALTER SYSTEM SET max_connections = 30")
        server.stop()
        server.start()
        yield server


def asks(shuttle: Shuttle, path: str, times: int) -> list[int]:
    headers, url = {"Authorization": AUTH_KEY}, shuttle.api.base_url
    with httpx.Client(base_url=url, headers=headers, timeout=60, verify=False) as api:
        return [api.get(path).status_code for _ in range(times)]


def most(postgres: Postgres, url: str, over: Event, found: Counter[int]) -> None:
    """Counts connections until it is over: how often there were how many."""
    while not over.wait(0.02):
        found[postgres.connections_to(url)] += 1


def flood(shuttle: Shuttle, path: str, clients: int, requests: int) -> Counter[int]:
    with ThreadPoolExecutor(clients) as pool:
        each = requests // clients
        done = [pool.submit(asks, shuttle, path, each) for _ in range(clients)]
        return Counter(status for one in done for status in one.result())


@pytest.mark.slow
def test_1500_requests_of_150_clients_leave_room_for_others(
    tmp_path: Path, kafka: Broker, few_connections: Postgres
) -> None:
    url = few_connections.create()
    with served(tmp_path, kafka.bootstrap, {"DATABASE_URL": url, "RATE_LIMITS": "off"}) as shuttle:
        worker, over, found = shuttle.start_worker(), Event(), Counter[int]()
        others = few_connections.connections_to(url)
        counting = Thread(target=most, args=(few_connections, url, over, found))
        counting.start()
        try:
            began = time.monotonic()
            statuses = flood(shuttle, "/apps/gold-gs/log-drains", 150, 1500)
            print(f"1,500 in {time.monotonic() - began:.1f} s, connections {dict(found)}")
        finally:
            over.set()
            counting.join()
        assert statuses == {200: 1500}
        assert max(found) <= CONNECTIONS + others + CLOSING
        assert "Waiting for the database" not in worker.output()
        assert shuttle.is_ready(worker)


def test_who_finds_none_is_told_so_with_503(
    tmp_path: Path, kafka: Broker, database_url: str
) -> None:
    """Four requests wait for a lock; the next ones have nothing to ask over."""
    more = {"DATABASE_URL": database_url, "DATABASE_CONNECTIONS": "4", "RATE_LIMITS": "off"}
    with (
        served(tmp_path, kafka.bootstrap, more, is_migrated=True) as shuttle,
        ThreadPoolExecutor(10) as clients,
    ):
        assert flood(shuttle, "/apps/gold-gs/log-drains", 30, 120) == {200: 120}
        made = shuttle.add_drain("gold-gs", "syslog://127.0.0.1:20000")
        path = f"/apps/gold-gs/log-drains/{made['id']}"
        holder = psycopg2.connect(database_url)
        holder.cursor().execute("LOCK TABLE drains_drain IN ACCESS EXCLUSIVE MODE")
        try:
            began = time.monotonic()
            done = [clients.submit(shuttle.api.get, path, timeout=30) for _ in range(10)]
            answers = [each.result() for each in done]
            took = time.monotonic() - began
        finally:
            holder.close()
        assert {answer.status_code for answer in answers} == {503}
        details = [answer.json()["detail"] for answer in answers]
        assert any("no connection left" in detail for detail in details), details
        assert all(answer.headers["Retry-After"] for answer in answers)
        assert 4 < took < 15
        wait_until(lambda: shuttle.api.get(path).status_code == 200, 10, "it is well again")
        output = shuttle.web.output()
        for said in ("takes too long, or somebody holds", "has no connection left for us"):
            assert output.count(f"[error    ] The database {said}") == 1
        assert "Service Unavailable" not in output
        assert "Traceback" not in output

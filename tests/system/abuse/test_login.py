"""Many log-ins at once, without a key: they have their turns, and the database is for all."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx
import psycopg2
import pytest

from tests.support.broker import Broker
from tests.support.others import Others
from tests.support.shuttle import Shuttle, served

LOGIN = "/admin/login/"


async def log_in_at_once(base: str, address: str, count: int) -> list[int]:
    """Wrong passwords from one address (of loopback); the statuses of their answers."""
    transport = httpx.AsyncHTTPTransport(local_address=address, limits=httpx.Limits())
    async with httpx.AsyncClient(base_url=base, timeout=60, transport=transport) as client:
        await client.get(LOGIN)
        token = client.cookies["csrftoken"]

        async def one(number: int) -> int:
            values = {"username": f"user{number}", "password": "x", "csrfmiddlewaretoken": token}
            return (await client.post(LOGIN, data=values)).status_code

        return await asyncio.gather(*map(one, range(count)))


async def log_in_from(base: str, addresses: list[str], count: int) -> Counter[int]:
    told = await asyncio.gather(*(log_in_at_once(base, one, count) for one in addresses))
    return Counter(status for statuses in told for status in statuses)


@contextmanager
def most_connections(url: str, name: str) -> Iterator[list[int]]:
    """How many an application had at a time during the block; stands in the list after it."""
    over, most = threading.Event(), [0]
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"

    def look() -> None:
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            while not over.wait(0.01):
                cursor.execute(query, [name])
                most[0] = max(most[0], cursor.fetchone()[0])

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield most
    finally:
        over.set()
        looking.join()


@contextmanager
def on_postgres(folder: Path, bootstrap: str, url: str, name: str) -> Iterator[Shuttle]:
    environment = {"DATABASE_URL": f"{url}?application_name={name}"}
    with served(folder, bootstrap, environment) as shuttle:
        yield shuttle


def test_log_ins_hold_two_connections_and_each_address_has_a_share(
    tmp_path: Path, postgres_url: str
) -> None:
    with on_postgres(tmp_path, "127.0.0.1:1", postgres_url, "web") as shuttle:
        base = str(shuttle.api.base_url)
        addresses = [f"127.0.0.{number}" for number in (2, 3)]
        with most_connections(postgres_url, "web") as most:
            told = asyncio.run(log_in_from(base, addresses, 30))

        assert set(told) == {200, 429}
        assert told[200] <= 2 * 30 / 2, "each address has four turns under way at a time"
        assert most[0] <= 2 + 1, "two log-ins, and who tells operators"
        assert shuttle.api.get("/apps/gold-gs/log-drains").status_code == 200
        refusals = shuttle.web.output().count("Refused POST /admin/login/")
        assert 1 <= refusals <= 20, "a line a second"


@pytest.mark.slow
def test_others_see_nothing_of_it(tmp_path: Path, kafka: Broker, postgres_url: str) -> None:
    with ExitStack() as stack:
        shuttle = stack.enter_context(on_postgres(tmp_path, kafka.bootstrap, postgres_url, "web"))
        worker = shuttle.start_worker()
        others = stack.enter_context(
            Others(shuttle, kafka, [worker, shuttle.web], space="of-the-login")
        )
        control = others.watch(10)
        addresses = [f"127.0.0.{number}" for number in (2, 3, 4, 5)]
        with most_connections(postgres_url, "web") as most, others.watched() as seen:
            told = Counter[int]()
            end = time.monotonic() + 20
            while time.monotonic() < end:
                told += asyncio.run(log_in_from(str(shuttle.api.base_url), addresses, 8))
        others.all_arrive()

        assert set(told) <= {200, 429}
        print(f"answers {dict(told)}; at most {most[0]} connections; {seen[0]}; before {control}")
        seen[0].is_unharmed(control)
        others.memory_comes_back()

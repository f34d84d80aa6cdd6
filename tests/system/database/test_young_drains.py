"""Drains that are made, changed and deleted on two hosts while workers report: nobody waits for who
waits for them, and nothing is left."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.support.broker import Broker
from tests.support.judge import new_run
from tests.support.kafka import TopicNames
from tests.support.ports import free_port
from tests.support.shuttle import AUTH_KEY, Shuttle, served
from tests.support.steady_load import SteadyLoad

AT_ONCE = 4


@pytest.fixture
def hosts(tmp_path: Path, kafka: Broker, database_url: str) -> Iterator[list[Shuttle]]:
    """Two, and a worker of the first."""
    with ExitStack() as stack:
        made: list[Shuttle] = []
        for name in ("a", "b"):
            folder = tmp_path / name
            folder.mkdir()
            more = {"DATABASE_URL": database_url, "RATE_LIMITS": "off"}
            if made:
                more["KAFKA_GROUP"] = made[0].group
            web = served(folder, kafka.bootstrap, more, is_migrated=True)
            made.append(stack.enter_context(web))
        made[0].start_worker()
        yield made


def live_and_die(hosts: list[Shuttle], key: str, rounds: int, seed: int) -> Counter[str]:
    """A drain's whole life, again and again: each request to another host. What was answered."""
    random_, found = random.Random(seed), Counter[str]()
    apis = [
        httpx.Client(base_url=host.api.base_url, headers={"Authorization": AUTH_KEY}, timeout=30)
        for host in hosts
    ]
    drains = f"/apps/{key}/log-drains"
    with ThreadPoolExecutor(2) as both:
        for number in range(rounds):
            one, other = random_.sample(apis, 2)
            made = one.post(drains, json={"url": f"syslog://127.0.0.1:{free_port()}"})
            found[f"POST {made.status_code}"] += 1
            if made.status_code != 201:
                continue
            path = f"{drains}/{made.json()['id']}"
            change = both.submit(other.post, f"{path}/{'retry' if number % 2 else 'pause'}")
            deleted = one.delete(path)
            found[f"change {change.result().status_code}"] += 1
            found[f"DELETE {deleted.status_code}"] += 1
    for api in apis:
        api.close()
    return found


@pytest.mark.timeout(900)
@pytest.mark.parametrize("rounds", [60, pytest.param(2000, marks=pytest.mark.slow)])
def test_no_request_fails_and_none_is_left(
    rounds: int, hosts: list[Shuttle], kafka: Broker, topic: TopicNames
) -> None:
    space, run = kafka.create(topic(), 4), new_run()
    with (
        SteadyLoad(kafka.bootstrap, space, run, per_second=200) as load,
        ThreadPoolExecutor(AT_ONCE) as clients,
    ):
        each = [
            clients.submit(live_and_die, hosts, f"gold-{space}", rounds // AT_ONCE, seed)
            for seed in range(AT_ONCE)
        ]
        found = sum((one.result() for one in each), Counter[str]())
        load.stop()
    print(dict(found))
    assert {status.split()[1] for status in found} <= {"200", "201", "202", "404"}
    assert found["DELETE 200"] == found["POST 201"] == rounds
    assert hosts[0].api.get(f"/apps/gold-{space}/log-drains").json() == []
    for host in hosts:
        assert "Traceback" not in host.web.output()
        assert "had to choose" not in host.web.output()

"""A cache that is silent, or that somebody else writes to, harms no request."""

from __future__ import annotations

import os
import pickle
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.asking import get
from tests.support.broker import Broker
from tests.support.kafka import TopicNames
from tests.support.others import Others
from tests.support.ports import free_port
from tests.support.shuttle import Shuttle
from tests.support.stores import valkey_server
from tests.support.tailing import event_now, reading
from tests.support.tailing import open_session as tail_of
from tests.support.waiting import wait_until

NOTHING = {"app": "gold", "space": "gs", "lines": 0, "tail": False}
SESSIONS = "/log-sessions"


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Any]:
    """One of the test's own, which it may stop."""
    with valkey_server(tmp_path / "valkey") as server:
        yield server


@pytest.fixture
def shuttle(tmp_path: Path, kafka: Broker, valkey: Any) -> Iterator[Shuttle]:
    environment = {"REDIS_URL": valkey.connection_url, "MAX_SESSIONS_PER_APP": "5000"}
    with closing(Shuttle(tmp_path, kafka.bootstrap, environment)) as made:
        made.migrate()
        made.start_web()
        yield made


class Silence:
    """A Valkey that takes connections and says nothing, until the end of the block."""

    def __init__(self, valkey: Any) -> None:
        self._pid = valkey._process.pid

    def __enter__(self) -> None:
        os.kill(self._pid, signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        os.kill(self._pid, signal.SIGCONT)


def open_session(shuttle: Shuttle) -> str:
    """Its path."""
    return f"{SESSIONS}/{shuttle.api.post(SESSIONS, json=NOTHING).json()['id']}"


async def test_while_it_is_silent_limits_hold_and_one_line_says_so(
    shuttle: Shuttle, valkey: Any, kafka: Broker, topic: TopicNames
) -> None:
    space = kafka.create(topic(), partitions=1)
    kafka.produce(space, [event_now("old")])
    drain = shuttle.add_drain("gold-gs", f"syslog://127.0.0.1:{free_port()}")
    trial = f"/apps/gold-gs/log-drains/{drain['id']}/test"
    assert shuttle.api.get("/readyz").status_code == 200

    with Silence(valkey):
        tries = [shuttle.api.post(trial).status_code for _ in range(8)]
        path = open_session(shuttle)
        read = [get(f"{shuttle.api.base_url}{one}").status_code for one in (path, SESSIONS + "/x")]
        ready = shuttle.api.get("/readyz")
        began = time.monotonic()
        async with reading(tail_of(shuttle, space)) as seen:
            await seen.until_line("old")
            first_seconds = seen.first_at - began
            kafka.produce(space, [event_now("new")])
            await seen.until_line("new", 2)

    print(f"a new tail has its first line after {first_seconds:.1f} s")
    assert first_seconds < 4.0, "of a process that serves its first one"
    assert tries == [200] * 6 + [429] * 2
    assert read == [200, 404]
    assert (ready.status_code, ready.json()["checks"]["redis"]) == (503, False)
    wait_until(lambda: shuttle.api.get("/readyz").status_code == 200, 20, "it serves again")
    said = [line for line in shuttle.web.output().splitlines() if "The cache" in line]
    assert len(said) == 2, said
    assert "The cache does not serve: no answer in time" in said[0]
    assert "The cache serves again" in said[1]


class Danger:
    """Makes a file where it is unpickled."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self) -> Any:
        return Path.touch, (self._file,)


@pytest.mark.parametrize("kind", ["pickle", "another JSON", "a list"])
def test_what_somebody_else_has_put_there_is_nothing(
    kind: str, shuttle: Shuttle, valkey: Any, tmp_path: Path
) -> None:
    file = tmp_path / "made"
    drain = shuttle.add_drain("gold-gs", f"syslog://127.0.0.1:{free_port()}")
    path, unknown = open_session(shuttle), f"{SESSIONS}/{uuid.uuid4()}"

    def use() -> list[int]:
        asked = [get(f"{shuttle.api.base_url}{one}") for one in (path, unknown)]
        asked.append(shuttle.api.post(f"/apps/gold-gs/log-drains/{drain['id']}/test"))
        asked.append(_guess(shuttle))
        return [answer.status_code for answer in asked]

    assert use() == [200, 404, 200, 200]
    with valkey.client() as client:
        keys = [key for key in client.scan_iter() if not key.endswith(b"probe")]
        old = [key.replace(b":2:", b":1:", 1) for key in keys]  # as versions before wrote them
        for key in {*keys, *old}:
            client.delete(key)
            if kind == "a list":
                client.rpush(key, "a")
            else:
                client.set(key, pickle.dumps(Danger(file)) if kind == "pickle" else '{"a":"b"}')

    assert len(keys) >= 5
    assert use() == [200, 404, 200, 200]
    assert not file.exists()
    assert "Traceback" not in shuttle.web.output()
    assert shuttle.api.get("/readyz").status_code == 200


def _guess(shuttle: Shuttle) -> httpx.Response:
    """A wrong password."""
    with httpx.Client(base_url=str(shuttle.api.base_url)) as browser:
        browser.get("/admin/login/")
        token = browser.cookies["csrftoken"]
        values = {"username": "op", "password": "wrong", "csrfmiddlewaretoken": token}
        return browser.post("/admin/login/", data=values)


@pytest.mark.slow
def test_no_request_waits_for_a_silent_one(shuttle: Shuttle, valkey: Any, kafka: Broker) -> None:
    worker = shuttle.start_worker()
    slowest: list[float] = []

    def timed(ask: Callable[[], httpx.Response]) -> None:
        began = time.monotonic()
        assert ask().status_code < 500
        slowest.append(time.monotonic() - began)

    def read(path: str) -> Callable[[], httpx.Response]:
        return lambda: get(f"{shuttle.api.base_url}{path}", timeout=20)

    with Others(shuttle, kafka, [worker, shuttle.web], space="of-the-cache") as others:
        control = others.watch(10)
        with Silence(valkey), others.watched() as seen:
            end = time.monotonic() + 12  # two rests, and what comes after them
            while time.monotonic() < end:
                timed(lambda: shuttle.api.post(SESSIONS, json=NOTHING))
                timed(read(open_session(shuttle)))
                timed(read(f"{SESSIONS}/{uuid.uuid4()}"))
    seen[0].is_unharmed(control)
    assert max(slowest) <= 2.0
    print(f"slowest request {max(slowest):.2f} s of {len(slowest)}; others {seen[0]}")

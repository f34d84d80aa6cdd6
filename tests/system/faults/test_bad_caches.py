"""A Redis that stops serving in every way it can, under a running `runweb`: the reason is said
once, limits hold, nobody waits, and all is well again by itself."""

from __future__ import annotations

import os
import re
import signal
import ssl
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from redis import Redis

from tests.support.asking import get
from tests.support.broker import Broker
from tests.support.certificates import Authority
from tests.support.ports import free_port
from tests.support.shuttle import Shuttle
from tests.support.stores import valkey_server
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import wait_until

SESSION = {"app": "gold", "space": "gs", "lines": 0, "tail": False}
REQUEST_SECONDS = 2.0
WELL_SECONDS = 20.0
SECRET = "s3cret"


class Cache:
    """A Valkey behind a proxy that may speak TLS."""

    def __init__(self, folder: Path, stack: ExitStack, kind: str) -> None:
        socket = self._socket = folder / "valkey.sock"
        self._server = stack.enter_context(valkey_server(folder, socket))
        self._password = ""
        self.proxy = stack.enter_context(TcpProxy(str(socket)))
        authority = Authority()
        files = authority.server().write(folder)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(files.chain, files.key)
        self.url = f"redis://127.0.0.1:{self.proxy.port}/3"
        if kind == "speaks no TLS":
            self.proxy.speak(self.tls)
            ca = authority.write(folder)
            self.url = f"{self.url.replace('redis:', 'rediss:')}?ssl_ca_certs={ca}"
        if kind == "password changed":
            self.want(SECRET)
            self.url = self.url.replace("//", f"//:{SECRET}@")

    def set(self, name: str, value: object) -> None:
        self.run("CONFIG", "SET", name, value)

    def want(self, password: str) -> None:
        """Also of those who are there by now."""
        self.set("requirepass", password)
        self._password = password
        self.run("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    def may_set(self, rule: str) -> None:
        self.run("ACL", "SETUSER", "default", rule)

    def signal(self, number: int) -> None:
        os.kill(self._server._process.pid, number)

    def run(self, *command: object) -> Any:
        password = self._password or None  # its own client asks without one first
        with Redis(unix_socket_path=str(self._socket), password=password) as client:
            return client.execute_command(*command)


class Fault(NamedTuple):
    said: str
    begins: Callable[[Cache], None]
    ends: Callable[[Cache], None]


FAULTS = {
    "full": Fault(
        "it is full (maxmemory)",
        lambda cache: cache.set("maxmemory", 1),
        lambda cache: cache.set("maxmemory", 0),
    ),
    "wants TLS": Fault(
        "it ended our connection: it was stopped, or wants TLS (rediss://)",
        lambda cache: cache.proxy.speak(cache.tls),
        lambda cache: cache.proxy.speak(None),
    ),
    "wants a password": Fault(
        "it wants a password",
        lambda cache: cache.want(SECRET),
        lambda cache: cache.want(""),
    ),
    "password changed": Fault(
        "it does not take our user or password",
        lambda cache: cache.want("another"),
        lambda cache: cache.want(SECRET),
    ),
    "replica": Fault(
        "it is read-only, as a replica is",
        lambda cache: cache.run("REPLICAOF", "127.0.0.1", free_port()),
        lambda cache: cache.run("REPLICAOF", "NO", "ONE"),
    ),
    "ACL": Fault(
        "our user may not do there what we need (ACL): SET",
        lambda cache: cache.may_set("-set"),
        lambda cache: cache.may_set("+set"),
    ),
    "speaks no TLS": Fault(
        "no answer in t",  # … the TLS handshake, or in time where the machine is busy
        lambda cache: cache.proxy.speak(None),
        lambda cache: cache.proxy.speak(cache.tls),
    ),
    "stopped": Fault(
        "no answer in time",
        lambda cache: cache.signal(signal.SIGSTOP),
        lambda cache: cache.signal(signal.SIGCONT),
    ),
    "black hole": Fault(
        "no answer in time", lambda cache: cache.proxy.hang(), lambda cache: cache.proxy.work()
    ),
    "slow": Fault(
        "no answer in time", lambda cache: cache.proxy.delay(2), lambda cache: cache.proxy.work()
    ),
    "gone": Fault(
        "connection refused", lambda cache: cache.proxy.refuse(), lambda cache: cache.proxy.work()
    ),
}
FAST = ("wants TLS",)


@pytest.fixture
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cache]:
    folder = tmp_path / "valkey"
    folder.mkdir()
    with ExitStack() as stack:
        yield Cache(folder, stack, request.param)


@pytest.fixture
def shuttle(tmp_path: Path, kafka: Broker, cache: Cache) -> Iterator[Shuttle]:
    with closing(Shuttle(tmp_path, kafka.bootstrap, {"REDIS_URL": cache.url})) as made:
        made.migrate()
        made.start_web()
        yield made


class Timed:
    """Who asks, and how long each answer took."""

    def __init__(self, shuttle: Shuttle) -> None:
        self._shuttle = shuttle
        self.slowest = 0.0

    def ask(self, ask: Callable[[], httpx.Response]) -> int:
        began = time.monotonic()
        status = ask().status_code
        self.slowest = max(self.slowest, time.monotonic() - began)
        return status

    def all_work(self) -> None:
        """Whatever else asks the cache: log sessions, known and not."""
        api = self._shuttle.api
        made = api.post("/log-sessions", json=SESSION).json()
        known, unknown = (f"/log-sessions/{name}" for name in (made["id"], uuid.uuid4()))
        read = [self.ask(lambda at=at: get(f"{api.base_url}{at}")) for at in (known, unknown)]  # type: ignore[misc]
        assert read == [200, 404]
        assert self.ask(lambda: api.get("/apps/gold-gs/log-drains")) == 200


def lines_of(shuttle: Shuttle) -> list[str]:
    return [line for line in shuttle.web.output().splitlines() if "The cache" in line]


@pytest.mark.parametrize(
    ("cache", "kind"),
    [
        pytest.param(kind, kind, marks=() if kind in FAST else pytest.mark.slow, id=kind)
        for kind in FAULTS
    ],
    indirect=["cache"],
)
def test_what_is_said_and_what_goes_on(kind: str, shuttle: Shuttle, cache: Cache) -> None:
    fault, timed = FAULTS[kind], Timed(shuttle)
    drain = shuttle.add_drain("gold-gs", f"syslog://127.0.0.1:{free_port()}")
    trial = f"/apps/gold-gs/log-drains/{drain['id']}/test"
    assert shuttle.api.get("/readyz").status_code == 200

    fault.begins(cache)
    began = time.monotonic()
    # The limit of trials is counted anew where it begins; what was counted before is lost with it.
    tries = [timed.ask(lambda: shuttle.api.post(trial)) for _ in range(8)]
    wait_until(lambda: lines_of(shuttle), 5, "it is said")
    said_after = time.monotonic() - began
    timed.all_work()
    ready = shuttle.api.get("/readyz")
    fault.ends(cache)
    ended = time.monotonic()
    wait_until(lambda: shuttle.api.get("/readyz").status_code == 200, WELL_SECONDS, "it serves")
    well_after = time.monotonic() - ended
    timed.all_work()

    print(f"{kind}: {said_after:.1f} s, slowest {timed.slowest:.2f} s, well {well_after:.1f} s")
    assert tries == [200] * 6 + [429] * 2
    assert timed.slowest <= REQUEST_SECONDS
    assert (ready.status_code, ready.json()["checks"]["redis"]) == (503, False)
    away, back = lines_of(shuttle)
    assert f"The cache does not serve: {fault.said}" in away
    assert "The cache serves again" in back
    told = shuttle.web.output()
    assert not re.search(f"Traceback|{SECRET}|redis://127|{cache.proxy.port}", told)

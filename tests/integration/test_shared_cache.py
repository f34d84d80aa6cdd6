"""The cache that processes share, on a real Valkey that does not serve in every way it can."""

from __future__ import annotations

import logging
import os
import pickle
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from redis.exceptions import MovedError

from events.limits import Limit
from logshuttle_site.doctor.cache import cache as doctor
from logshuttle_site.shared_cache import backend
from logshuttle_site.shared_cache.backend import SharedCache
from logshuttle_site.shared_cache.breaker import AwayError
from logshuttle_site.shared_cache.reasons import reason_of
from tests.support.ports import free_port
from tests.support.processes import ROOT
from tests.support.stores import valkey_server

VERSION = 2

Open = Callable[[str], SharedCache]


@pytest.fixture
def open_cache() -> Iterator[Open]:
    opened: list[SharedCache] = []

    def made(url: str) -> SharedCache:
        cache = SharedCache(url, {"VERSION": VERSION})
        opened.append(cache)
        return cache

    yield made
    for cache in opened:
        cache.breaker.close()
        cache._own.clear()
    backend._server.cache_clear()


@pytest.fixture
def valkeys(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Valkeys of a test's own."""
    with ExitStack() as stack:

        def start(config: dict[str, str] | None = None) -> Any:
            folder = tmp_path / f"valkey{len(os.listdir(tmp_path))}"
            return stack.enter_context(valkey_server(folder, config=config))

        yield start


class Danger:
    """Makes a file where it is unpickled."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self) -> Any:
        return Path.touch, (self._file,)


def test_what_is_kept_is_seen_by_all_and_is_json(
    redis_url: str, valkey: Any, open_cache: Open
) -> None:
    one, two = open_cache(redis_url), open_cache(redis_url)

    one.set("row", {"a": [1, "ä", None]}, 60)
    assert one.add("count", 5, 60)
    assert not two.add("count", 5, 60)

    assert two.get("row") == {"a": [1, "ä", None]}
    assert (two.incr("count"), one.get("count")) == (6, 6)
    with valkey.client() as client:
        assert client.get(f":{VERSION}:row") == '{"a":[1,"ä",null]}'.encode()
        assert 50 < client.ttl(f":{VERSION}:count") <= 60
    assert two.delete("row")
    assert one.get("row", "nothing") == "nothing"
    with pytest.raises(ValueError, match="not found"):
        one.incr("row")
    with pytest.raises(TypeError):
        one.set("row", object(), 60)


@pytest.mark.parametrize("kind", ["pickle", "text", "list", "deep"])
def test_what_others_have_put_there_is_not_there(
    kind: str, redis_url: str, valkey: Any, open_cache: Open, tmp_path: Path
) -> None:
    cache, ours = open_cache(redis_url), f":{VERSION}:key"
    file = tmp_path / "made"
    with valkey.client() as client:
        if kind == "list":
            client.rpush(ours, "a")
        else:
            found = {"pickle": pickle.dumps(Danger(file)), "text": b"\xff", "deep": b"[" * 100_000}
            client.set(ours, found[kind])

    assert cache.get("key", "nothing") == "nothing"
    with pytest.raises(ValueError):  # noqa: PT011 - whoever says it
        cache.incr("key")
    cache.breaker.prove()
    cache.set("key", 1, 60)
    assert cache.get("key") == 1
    assert not file.exists()


# How each is set up, and what is said of it.
BAD = {
    "no password": ({"requirepass": "s3cret"}, "it wants a password"),
    "wrong password": ({"requirepass": "s3cret"}, "it does not take our user or password"),
    "replica": ({"replicaof": "127.0.0.1 1"}, "it is read-only, as a replica is"),
    "full": ({"maxmemory": "1"}, "it is full (maxmemory)"),
    "ACL": (
        {"user": "default on nopass ~* +@all -set"},
        "our user may not do there what we need (ACL): SET",
    ),
    "TLS": ({}, "no answer in t"),  # … the TLS handshake, or in time where the machine is busy
    "silent": ({}, "no answer in time"),
    "gone": ({}, "connection refused"),
}


def url_of(kind: str, server: Any) -> str:
    """Of a server that is as bad as its kind says."""
    url = str(server.connection_url)
    with server.client() as client:
        for name, value in BAD[kind][0].items():
            if name == "user":
                client.execute_command("ACL", "SETUSER", *value.split())
            elif name == "replicaof":
                client.execute_command("REPLICAOF", *value.split())
            else:
                client.config_set(name, value)
    if kind == "silent":
        os.kill(server._process.pid, signal.SIGSTOP)
    if kind == "gone":
        return f"redis://127.0.0.1:{free_port()}"
    return {
        "wrong password": url.replace("//", "//:guess@"),
        "TLS": url.replace("redis:", "rediss:"),
    }.get(kind, url)


@pytest.mark.parametrize("kind", BAD)
def test_of_one_that_does_not_serve_the_reason_is_said_once_and_limits_hold(
    kind: str, valkeys: Callable[..., Any], open_cache: Open, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    _, reason = BAD[kind]
    server = valkeys()
    cache = open_cache(url_of(kind, server))
    limit = Limit("of-a-test", 6, 60)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("events.limits.cache", cache)
        told = [limit.spend("a") for _ in range(8)]
    if kind == "silent":
        os.kill(server._process.pid, signal.SIGCONT)

    assert [wait > 0 for wait in told] == [False] * 6 + [True] * 2
    assert cache.breaker.faults == 1, "it was asked once, and then left alone"
    (said,) = [record.getMessage() for record in caplog.records]
    assert reason in said
    assert "127.0.0.1" not in said
    assert "s3cret" not in said
    assert "guess" not in said
    with pytest.raises(AwayError, match=re.escape(reason)):
        cache.breaker.prove()


RIGHTS = re.findall(r"ACL SETUSER logshuttle (.*)", (ROOT / "docs/operations.md").read_text())[0]


def url_of_user(server: Any, rights: str) -> str:
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "logshuttle", "reset", *rights.split())
        client.execute_command("ACL", "LOG", "RESET")
    return str(server.connection_url).replace("//", "//logshuttle:PASSWORD@") + "/2"


def test_the_rights_that_the_docs_name_are_enough(
    valkeys: Callable[..., Any], open_cache: Open, settings: LazySettings
) -> None:
    server = valkeys()
    settings.REDIS_URL = url_of_user(server, RIGHTS)
    cache = open_cache(settings.REDIS_URL)

    cache.breaker.prove()
    assert cache.add("a", 1, 60)
    cache.incr("a")
    cache.set("b", cache.get("a"), 60)
    cache.delete("a")
    said = [finding.said for finding in doctor()]

    assert cache.get("b") == 2
    assert "It can be written to." in said
    assert any(one.startswith("Valkey ") for one in said)
    with server.client() as client:
        assert client.execute_command("ACL", "LOG") == []


@pytest.mark.parametrize("command", ["get", "set", "del", "eval", "incrby"])
def test_a_right_that_is_missing_is_found_before_it_is_wanted(
    command: str, valkeys: Callable[..., Any], open_cache: Open
) -> None:
    cache = open_cache(url_of_user(valkeys(), RIGHTS.replace(f"+{command} ", "")))

    what = f"our user may not do there what we need (ACL): {command.upper()}"
    assert said_of(cache) == what


@pytest.fixture
def no_redis() -> Iterator[Callable[[bytes], str]]:
    """Servers of something else: URLs of them. They answer so, and end the connection."""
    listeners = list[socket.socket]()

    def run(listener: socket.socket, answer: bytes) -> None:
        with suppress(OSError):  # its end
            while True:
                connection, _ = listener.accept()
                with suppress(OSError), connection:
                    connection.recv(4096)
                    connection.sendall(answer)

    def start(answer: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=run, args=(listener, answer), daemon=True).start()
        return f"redis://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for listener in listeners:
        with suppress(OSError):  # else its thread sleeps on
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def said_of(cache: SharedCache) -> str:
    with pytest.raises(AwayError) as away:
        cache.breaker.prove()
    return str(away.value)


def test_what_is_no_redis_is_told_from_one(
    no_redis: Callable[[bytes], str], open_cache: Open, tmp_path: Path
) -> None:
    http = open_cache(no_redis(b"HTTP/1.1 400 Bad Request: s3cret\r\n\r\n"))
    assert said_of(http) == "it does not speak as Redis does: another port may be right"
    ends = "it ended our connection: it was stopped, or wants TLS (rediss://)"
    assert said_of(open_cache(no_redis(b""))) == ends
    missing = "a file or socket that REDIS_URL names is not there"
    assert said_of(open_cache(f"unix://{tmp_path}/nobody.sock")) == missing
    assert said_of(open_cache(f"rediss://127.0.0.1:1?ssl_ca_certs={tmp_path}/ca")) in (
        missing,
        "connection refused",
    )


def test_a_server_that_is_not_as_we_need_it_is_told(
    valkeys: Callable[..., Any], open_cache: Open
) -> None:
    number = "it has no database of the number that REDIS_URL ends with"
    assert said_of(open_cache(f"{valkeys().connection_url}/99")) == number
    cluster = valkeys({"cluster-enabled": "yes"})
    down = "it is a cluster, and down: one server is needed"
    assert said_of(open_cache(cluster.connection_url)) == down
    assert reason_of(MovedError("5066 127.0.0.1:7001")) == "it is a cluster: one server is needed"
    # A Sentinel knows no such command either.
    sentinel = valkeys({"rename-command": 'SET ""'})
    assert said_of(open_cache(sentinel.connection_url)).startswith("it does not know SET: a Sent")


def test_a_socket_a_number_and_a_user_are_taken(tmp_path: Path, open_cache: Open) -> None:
    path = tmp_path / "valkey.sock"
    with valkey_server(tmp_path / "valkey", path) as server:
        with server.client() as client:
            client.execute_command("ACL", "SETUSER", "us", "on", ">p/w", "~*", "+@all")
        for url in (f"unix://{path}?db=2", f"unix://us:p%2Fw@{path}"):
            cache = open_cache(url)
            cache.breaker.prove()
            cache.set("a", 1, 60)
        with server.client(db=2) as client:
            assert client.get(f":{VERSION}:a") == b"1"


def test_one_that_serves_again_is_asked_again(
    valkeys: Callable[..., Any], open_cache: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = valkeys()
    cache = open_cache(server.connection_url)
    cache.breaker._rest_seconds = 0.0
    cache.set("a", 1, 60)
    with server.client() as client:
        client.config_set("maxmemory", 1)
        cache.set("b", 2, 60)
        assert (cache.get("a"), cache.get("b")) == (None, 2)  # it has one of its own
        client.config_set("maxmemory", 0)

    assert (cache.get("a"), cache.get("b")) == (1, None)


def test_idle_connections_that_the_server_ends_are_no_fault(
    redis_url: str, valkey: Any, open_cache: Open, caplog: pytest.LogCaptureFixture
) -> None:
    cache = open_cache(redis_url)
    cache.set("a", 1, 60)
    with valkey.client() as client:
        client.client_kill_filter(skipme=True, _type="normal")

    assert cache.get("a") == 1
    assert not caplog.records

"""REDIS_URL: each of these is refused at the start in a line, or something is kept and found."""

from __future__ import annotations

import inspect
import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import quote

import pytest
from redis import Redis
from redis.connection import URL_QUERY_ARGUMENT_PARSERS, AbstractConnection, SSLConnection

from logshuttle_site.env_redis import PARAMETERS
from logshuttle_site.shared_cache import backend
from logshuttle_site.shared_cache.backend import SharedCache
from tests.support.certificates import Authority
from tests.support.forwarding import forwarded_to
from tests.support.settings_start import (
    assert_each,
    assert_refused,
    faults_of,
    started,
    table,
)
from tests.support.stores import valkey_server

pytestmark = pytest.mark.slow

REFUSED, TAKEN = table("redis_url")
ODD = "p#w/:@?%&= +,"
"""A password that is all letters which mean something in a URL."""


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What stands in the table's braces: a server by TCP, by TLS and on a socket, with a user."""
    folder = tmp_path_factory.mktemp("valkey")
    authority = Authority()
    files, ca = authority.server("127.0.0.1").write(folder), authority.write(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.chain, files.key)
    socket = Path(mkdtemp(prefix="vk-")) / "s"
    with (
        valkey_server(folder / "data", socket),
        forwarded_to(socket) as port,
        forwarded_to(socket, context) as tls_port,
    ):
        with Redis(unix_socket_path=str(socket)) as client:
            for password in (ODD, "a,b,c"):
                rights = {"keys": ["*"], "categories": ["+@all"]}
                client.acl_setuser("me", enabled=True, passwords=[f"+{password}"], **rights)
        yield {
            "tcp": f"127.0.0.1:{port}",
            "port": port,
            "tls": f"127.0.0.1:{tls_port}",
            "ca": ca,
            "socket": socket,
            "odd": quote(ODD, safe=""),
            "commas": "a,b,c",
        }
    shutil.rmtree(socket.parent)


def test_what_can_never_work_is_refused() -> None:
    assert_each(REFUSED, lambda url: assert_refused("REDIS_URL", url))


def test_what_is_taken_keeps_something(values: dict[str, Any]) -> None:
    def keeps(url: str) -> None:
        cache = SharedCache(
            started({"REDIS_URL": url.format(**values)})["REDIS_URL"], {"VERSION": 2}
        )
        try:
            cache.breaker.prove()
            cache.set(url, "kept", 60)
            assert cache.breaker.ask(lambda: cache._server.client.get(url)) == "kept"
        finally:
            cache.breaker.close()
            backend._server.cache_clear()

    assert_each(TAKEN, keeps)


def test_a_hint_names_percent_encoding() -> None:
    for url in ("redis://:p#w@h", "redis://:p/w@h:1", "redis://u:1/w@h"):
        assert "# is written %23" in faults_of({"REDIS_URL": url})[0]


def test_the_parameters_are_the_drivers() -> None:
    """All that it reads as something else than text, but for what a URL cannot say."""
    others = {"retry_on_error", "timeout", "legacy_responses"}
    others |= {"ssl_include_verify_flags", "ssl_exclude_verify_flags"}
    kinds = (SSLConnection, AbstractConnection)
    texts = {name for kind in kinds for name in inspect.signature(kind.__init__).parameters}
    read = URL_QUERY_ARGUMENT_PARSERS.keys()
    assert read - PARAMETERS == others
    assert PARAMETERS - read - texts == set()

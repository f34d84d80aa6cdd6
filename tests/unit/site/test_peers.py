"""Who a peer is, as all that comes behind the edge sees it."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from logshuttle_site.peers import Peers, TrustedProxies

FRONT, CLIENT, OUTSIDE = "10.0.0.1", "192.0.2.7", "203.0.113.9"
TLS_FRONT = {"x-forwarded-for": CLIENT, "x-forwarded-proto": "https"}


class Edge:
    """Peers in front of an application that only looks."""

    def __init__(self, *cidrs: str) -> None:
        self._peers = Peers(self._look, TrustedProxies(cidrs))

    async def _look(self, scope: Any, receive: Any, send: Any) -> None:
        self._seen = scope

    async def seen(
        self, peer: str | None, headers: dict[str, str] | None = None, kind: str = "http"
    ) -> dict[str, Any]:
        lines = [(b"host", b"inner:5000"), (b"accept", b"*/*")]
        lines += [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        client = None if peer is None else [peer, 4711]
        scope = {"type": kind, "scheme": "http", "client": client, "headers": lines}
        await self._peers(scope | {"root_path": "/admin"}, None, None)
        seen: dict[str, Any] = self._seen
        seen["host"] = dict(seen["headers"]).get(b"host")
        return seen


async def test_a_front_doors_word_counts() -> None:
    said = {**TLS_FRONT, "x-forwarded-host": "logs.example:8443"}

    seen = await Edge("10.0.0.0/24").seen(FRONT, said)

    assert (seen["client"], seen["scheme"]) == ([CLIENT, 0], "https")
    assert seen["headers"] == [(b"host", b"logs.example:8443"), (b"accept", b"*/*")]


async def test_over_ipv6_a_front_door_is_known_too() -> None:
    for cidr, peer in (("10.0.0.0/24", f"::ffff:{FRONT}"), ("fd00::/8", "fd00::1")):
        assert (await Edge("192.0.2.0/31", cidr).seen(peer, TLS_FRONT))["client"] == [CLIENT, 0]


@pytest.mark.parametrize(("proto", "scheme"), [("https", "wss"), ("wss", "wss"), ("http", "ws")])
async def test_a_websockets_scheme_is_its_own(proto: str, scheme: str) -> None:
    seen = await Edge(FRONT).seen(FRONT, {"x-forwarded-proto": proto}, "websocket")

    assert (seen["client"], seen["scheme"]) == ([FRONT, 4711], scheme)


@pytest.mark.parametrize("cidrs", [(), ("10.1.0.0/16",)])
@pytest.mark.parametrize("peer", [OUTSIDE, "", None])
async def test_nobody_elses_word_counts(cidrs: tuple[str, ...], peer: str | None) -> None:
    forged = {**TLS_FRONT, "x-forwarded-host": "evil.example", "forwarded": f"for={CLIENT}"}

    seen = await Edge(*cidrs).seen(peer, forged)

    assert seen["client"] == (None if peer is None else [peer, 4711])
    assert (seen["scheme"], seen["host"]) == ("http", b"inner:5000")


@pytest.mark.parametrize("peer", [FRONT, OUTSIDE])
async def test_nothing_behind_it_sees_what_anybody_can_say(peer: str) -> None:
    said = dict.fromkeys(["forwarded", "x-real-ip", "x-forwarded-for", "x-forwarded-port"], "1")

    seen = await Edge(FRONT).seen(peer, said)

    assert [name for name, _ in seen["headers"]] == [b"host", b"accept"]
    assert seen["root_path"] == ""


@pytest.mark.parametrize(
    "forwarded", [f"for={OUTSIDE};proto=http;host=evil.example", f'for={OUTSIDE};x="', "for=_x"]
)
async def test_where_the_two_differ_neither_counts(
    forwarded: str, caplog: pytest.LogCaptureFixture
) -> None:
    edge = Edge(FRONT)
    said = {"x-forwarded-for": CLIENT, "forwarded": forwarded}
    for _ in range(3):
        assert (await edge.seen(FRONT, said))["client"] == [FRONT, 4711]

    (record,) = caplog.records
    assert FRONT in record.getMessage()
    assert "differ" in record.getMessage()


async def test_what_only_one_of_them_says_counts(caplog: pytest.LogCaptureFixture) -> None:
    said = {**TLS_FRONT, "forwarded": f"for={CLIENT};host=logs.example"}

    seen = await Edge(FRONT).seen(FRONT, said)

    assert (seen["client"], seen["scheme"], seen["host"]) == ([CLIENT, 0], "https", b"logs.example")
    assert caplog.records == []


@pytest.mark.parametrize("host", ["a b", "evil.example/x", "ü", ""])
async def test_a_host_that_is_none_does_not_count(host: str) -> None:
    seen = await Edge(FRONT).seen(FRONT, {"x-forwarded-host": host})

    assert seen["host"] == b"inner:5000"


@pytest.mark.parametrize(
    ("cidrs", "why"), [((), "is not set"), (("10.1.0.0/16",), "does not have this address")]
)
async def test_a_front_door_that_is_nobodys_is_said_once(
    cidrs: tuple[str, ...], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    edge = Edge(*cidrs)
    await edge.seen(FRONT)
    assert caplog.records == []

    for _ in range(3):
        await edge.seen(FRONT, TLS_FRONT)

    (record,) = caplog.records
    assert f"came from {FRONT}, and TRUSTED_PROXIES {why}" in record.getMessage()


async def test_what_is_no_request_passes() -> None:
    edge = Edge(FRONT)

    await edge._peers({"type": "lifespan"}, None, None)

    assert edge._seen == {"type": "lifespan"}


def test_no_text_is_trusted_that_is_no_address() -> None:
    assert [
        text for text in ("", "unknown", "10.0.0.256", "h") if text in TrustedProxies([FRONT])
    ] == []
    assert FRONT not in TrustedProxies([])

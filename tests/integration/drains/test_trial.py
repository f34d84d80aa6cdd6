"""`POST …/test`: what each step says, on real connections."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from drains.delivery.network.dialing import Dialer
from drains.delivery.network.egress import EgressPolicy
from drains.delivery.trial import Trial
from drains.option_values import TlsOptions
from tests.support.certificates import Authority
from tests.support.http_receiver import Answer, Script
from tests.support.listener import tls_context
from tests.support.logplex import parse_request
from tests.support.ports import free_port
from tests.support.receiver_program import Tls
from tests.support.receivers import ONLY_READS, Mode, UdpReceiver, close_after, reset_after
from tests.support.receiving import HttpReceivers, Receivers
from tests.support.sender_bench import LOOPBACK, route_to

CERTIFICATE_WANTED = (
    "TLS: the receiver wants a client certificate (alert 116, certificate required)"
)
LINE = re.compile(
    r"<14>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z gold-gs logshuttle - - - "
    r"Test line from Log shuttle"
)


async def tried(
    url: str, policy: EgressPolicy = LOOPBACK, **options: object
) -> list[tuple[str, bool, str]]:
    steps = await Trial(Dialer(policy), route_to(url, **options)).run()
    assert all(0 <= step.ms < 12_000 for step in steps)
    return [(step.step, step.ok, step.detail) for step in steps]


async def test_tcp(receiver: Receivers) -> None:
    r = receiver()

    assert await tried(r.url) == [
        ("resolve", True, "127.0.0.1"),
        ("connect", True, "127.0.0.1"),
        ("send", True, "received; syslog cannot tell more"),
    ]
    assert LINE.fullmatch(r.wait_for(1)[0].decode())


async def test_tls(receiver: Receivers, authority: Authority) -> None:
    r = receiver(tls=Tls(authority.server()), framing="octet")

    steps = await tried(r.url, framing="octet", tls=TlsOptions(ca=authority.pem))

    assert steps[2:] == [
        ("tls", True, "certificate and name are good"),
        ("send", True, "received; syslog cannot tell more"),
    ]
    assert LINE.fullmatch(r.wait_for(1)[0].decode())


async def test_udp(udp_receiver: UdpReceiver) -> None:
    assert await tried(udp_receiver.url) == [
        ("resolve", True, "127.0.0.1"),
        ("connect", True, "UDP has no connections: nobody was asked"),
        ("send", True, "handed to the network: UDP has no answer"),
    ]
    assert LINE.fullmatch(udp_receiver.wait_for(1)[0].decode())


async def test_https(http_receiver: HttpReceivers, authority: Authority) -> None:
    r = http_receiver(tls=Tls(authority.server()))

    steps = await tried(r.url, tls=TlsOptions(ca=authority.pem))

    assert steps[2:] == [
        ("tls", True, "certificate and name are good"),
        ("send", True, "accepted"),
    ]
    (request,) = r.requests()
    assert LINE.fullmatch(parse_request(request.headers, request.body)[0].decode())


@pytest.mark.parametrize(
    ("url", "last"),
    [
        ("syslog://no-such-host.invalid:514", ("resolve", False, "no such host")),
        (
            "syslog://127.0.0.1:25",
            (
                "resolve",
                False,
                "refused by policy: port 25 is not allowed: below 1024 only 80, 443, 514, 601 are",
            ),
        ),
        ("syslog://127.0.0.1:{port}", ("connect", False, "connection refused")),
        ("https://127.0.0.1:{port}", ("connect", False, "connection refused")),
    ],
)
async def test_the_first_step_that_fails_is_the_last(url: str, last: object) -> None:
    assert (await tried(url.format(port=free_port())))[-1] == last


async def test_a_bad_certificate(receiver: Receivers, authority: Authority) -> None:
    r = receiver(tls=Tls(authority.expired()))

    steps = await tried(r.url, tls=TlsOptions(ca=authority.pem))

    assert steps[-1] == ("tls", False, "TLS: certificate has expired")


async def test_an_http_error(http_receiver: HttpReceivers) -> None:
    r = http_receiver(Script(then=Answer(403, body="internal secrets")))

    assert (await tried(r.url))[-1] == (
        "send",
        False,
        "HTTP 403: check what the user or the key may do there",
    )


async def test_a_receiver_that_resets_after_it_has_the_line(receiver: Receivers) -> None:
    r = receiver(reset_after(1))

    assert (await tried(r.url))[-1] == ("send", False, "connection reset by the receiver")


async def test_a_receiver_that_only_reads(receiver: Receivers) -> None:
    r = receiver(ONLY_READS)

    said = "received; the receiver only reads: it has shut its own direction"
    assert (await tried(r.url))[-1] == ("send", True, said)
    assert len(r.wait_for(1)) == 1


async def test_a_receiver_that_closes_at_once() -> None:
    """Like one that only reads, until it answers the line with a reset."""

    async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(close, "127.0.0.1", 0) as server:
        steps = await tried(f"syslog://127.0.0.1:{server.sockets[0].getsockname()[1]}")

    step, ok, detail = steps[-1]
    assert (step, ok) == ("send", False)
    assert re.fullmatch("connection (reset|closed) by the receiver", detail)


@pytest.mark.parametrize("mode", [ONLY_READS, close_after(1)], ids=["only reads", "closes"])
async def test_nobody_can_only_read_over_tls(
    mode: Mode, receiver: Receivers, authority: Authority
) -> None:
    r = receiver(mode, tls=Tls(authority.server()))

    step, ok, said = (await tried(r.url, tls=TlsOptions(ca=authority.pem)))[-1]

    assert not ok
    assert said.startswith("connection closed by the receiver")
    assert step in ("tls", "send")  # a connection that ends while we still look at it is in time


async def test_nobody_listens_for_datagrams() -> None:
    steps = await tried(f"syslog+udp://127.0.0.1:{free_port()}")

    assert steps[-1] == ("send", False, "connection refused")


async def test_a_client_certificate_that_is_refused_late(
    authority: Authority, tmp_path: Path
) -> None:
    """TLS 1.3: the handshake is over for us before the receiver has judged."""
    receiver = refuses_late(
        Tls(authority.server(), Authority(), minimum="TLSv1_3").orders(tmp_path)
    )
    async with await asyncio.start_server(receiver, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        steps = await tried(f"syslog+tls://localhost:{port}", tls=TlsOptions(ca=authority.pem))

    assert steps[-1] == ("send", False, CERTIFICATE_WANTED)


def refuses_late(orders: dict[str, Any]) -> Callable[..., Awaitable[None]]:
    """Looks at the client's certificate only when a line is there."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = tls_context(orders)
        assert context is not None
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(await reader.read(65536))
        with suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        writer.write(outgoing.read())
        certificate, line = await reader.read(65536), await reader.read(65536)
        incoming.write(certificate + line)
        with suppress(ssl.SSLError):
            tls.do_handshake()
        writer.write(outgoing.read())
        writer.close()

    return serve


async def test_what_policy_refuses_is_not_told_more_of() -> None:
    steps = await tried("syslog://127.0.0.1:5140", EgressPolicy())
    assert len(steps) == 1
    assert "127" not in str(steps)

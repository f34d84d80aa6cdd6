"""`POST …/test`: what each step says, on real connections."""

from __future__ import annotations

import re

import pytest

from drains.delivery.network.dialing import Dialer
from drains.delivery.network.egress import EgressPolicy
from drains.delivery.trial import Trial
from drains.option_values import TlsOptions
from tests.support.certificates import Authority
from tests.support.http_receiver import Answer, Script
from tests.support.logplex import parse_request
from tests.support.ports import free_port
from tests.support.receiver_program import Tls
from tests.support.receivers import UdpReceiver
from tests.support.receiving import HttpReceivers, Receivers
from tests.support.sender_bench import LOOPBACK, route_to

LINE = re.compile(
    r"<14>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z gold-gs logshuttle - - - "
    r"Test line from Log shuttle"
)


async def tried(url: str, policy: EgressPolicy = LOOPBACK, **options: object) -> list[object]:
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


async def test_what_policy_refuses_is_not_told_more_of() -> None:
    steps = await tried("syslog://127.0.0.1:5140", EgressPolicy())
    assert len(steps) == 1
    assert "127" not in str(steps)

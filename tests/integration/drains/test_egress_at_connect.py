"""S1 at connect: whatever a name leads to, nothing reaches what policy refuses."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from drains.delivery.network.egress import EgressPolicy
from drains.delivery.network.errors import DialError, RefusedByPolicyError
from drains.transports import SCHEMES
from tests.support.addresses import REFUSED_ADDRESSES
from tests.support.http_receiver import Answer, Script
from tests.support.receiving import HttpReceivers
from tests.support.sender_bench import LOOPBACK, Senders

NOTHING_ALLOWED = EgressPolicy()


class Canary:
    """Listens on TCP and UDP of one port of all loopback addresses; hears whoever comes."""

    def __init__(self) -> None:
        self.tcp = socket.create_server(("", 0))
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("", self.port))

    def heard(self) -> list[str]:
        found = []
        for kind, listener in (("tcp", self.tcp), ("udp", self.udp)):
            listener.setblocking(False)
            with suppress(BlockingIOError):
                found.append(f"{kind} {listener.accept() if kind == 'tcp' else listener.recv(1)!r}")
        return found

    def close(self) -> None:
        self.tcp.close()
        self.udp.close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    made = Canary()
    yield made
    heard = made.heard()
    made.close()
    assert heard == []


class Names:
    """Answers for names, the next one at each look-up; the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def getaddrinfo(self, host: str, port: int, *, type: int = 0, **_: Any) -> list[Any]:
        self.asked += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                type or socket.SOCK_STREAM,
                0,
                "",
                (address, port, 0, 0) if ":" in address else (address, port),
            )
            for address in answer
        ]


@pytest.fixture
async def names(monkeypatch: pytest.MonkeyPatch) -> Any:
    def install(*answers: list[str]) -> Names:
        made = Names(*answers)
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", made.getaddrinfo)
        return made

    return install


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_every_refused_address_behind_a_name(
    canary: Canary, names: Any, sending: Senders, scheme: str
) -> None:
    url = f"{scheme}://logs.example.com:{canary.port}"
    for address in REFUSED_ADDRESSES:
        names([address])
        with pytest.raises(RefusedByPolicyError, match="refused by policy"):
            await sending(url, NOTHING_ALLOWED).open()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]"]
)
async def test_literals_and_odd_spellings(
    canary: Canary, sending: Senders, scheme: str, host: str
) -> None:
    with pytest.raises(RefusedByPolicyError):
        await sending(f"{scheme}://{host}:{canary.port}", NOTHING_ALLOWED).open()


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_one_bad_address_among_good_ones_refuses_the_name(
    canary: Canary, names: Any, sending: Senders, scheme: str
) -> None:
    names(["8.8.8.8", "127.0.0.1"])
    with pytest.raises(RefusedByPolicyError):
        await sending(f"{scheme}://logs.example.com:{canary.port}", NOTHING_ALLOWED).open()


async def test_what_was_checked_is_what_is_connected_to(
    canary: Canary, names: Any, sending: Senders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that rebinds after the look-up is not asked again."""
    found = names(["8.8.8.8"], ["127.0.0.1"])
    tried: list[Any] = []

    async def connect(addresses: list[Any], **_: Any) -> socket.socket:
        tried.extend(address[-1][0] for address in addresses)
        raise ConnectionRefusedError(111, "refused")

    monkeypatch.setattr(
        "drains.delivery.network.dialing.aiohappyeyeballs.start_connection", connect
    )
    with pytest.raises(DialError, match="connection refused"):
        await sending(f"syslog://logs.example.com:{canary.port}", NOTHING_ALLOWED).open()
    assert (tried, found.asked) == (["8.8.8.8"], 1)
    with pytest.raises(RefusedByPolicyError):
        await sending(f"syslog://logs.example.com:{canary.port}", NOTHING_ALLOWED).open()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_leads_nowhere(
    canary: Canary, http_receiver: HttpReceivers, sending: Senders, status: int
) -> None:
    there = f"http://127.0.0.1:{canary.port}/"
    r = http_receiver(Script(then=Answer(status, {"Location": there})))
    bench = sending(r.url, LOOPBACK)
    await bench.open()
    bench.send("one")

    assert await bench.until_ended() == f"HTTP {status}: redirects are not followed"


async def test_no_proxy_of_the_environment_is_used(
    canary: Canary, http_receiver: HttpReceivers, sending: Senders, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    r = http_receiver()
    bench = sending(r.url)
    await bench.open()
    bench.send("one")
    await bench.until_confirmed()
    assert len(r.requests()) == 1

"""Receivers that shake hands and then send what nobody has asked for, in processes of their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from drains.delivery.network.dialing import Dialer
from drains.delivery.network.errors import FloodError
from drains.delivery.network.heard import UNANSWERING_BYTES_MAX
from drains.delivery.network.reading import PIECE_BYTES, turns_here
from drains.delivery.network.tls import TICKETS_BYTES, TlsLayer
from drains.delivery.trial import Trial
from drains.option_values import TlsOptions
from tests.support.certificates import Authority, Certificate
from tests.support.flooding_receiver import FloodingReceiver, Kind
from tests.support.receiver_program import Tls
from tests.support.receiving import Receivers
from tests.support.sender_bench import LOOPBACK, SenderBench, Senders, route_to

FLOODS = "the receiver floods us: 64 KiB of TLS records within an hour that answer nothing"
REST_SECONDS_MIN = 290
_END = "-----END CERTIFICATE-----\n"
LONGEST_TURN_SECONDS = 0.05


class Turns:
    """Of the event loop, counted."""

    def __init__(self) -> None:
        self.count = 0
        self._handle = asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        self.count += 1
        self._handle = asyncio.get_running_loop().call_soon(self._next)

    def stop(self) -> None:
        self._handle.cancel()


@pytest.fixture
def flooding(
    tmp_path: Path, authority: Authority, request: pytest.FixtureRequest
) -> Iterator[FloodingReceiver]:
    """Its kind, and whether it is one of HTTP, are the test's parameter."""
    kind, http = request.param
    tls = Tls(authority.server())
    with FloodingReceiver(tmp_path / "flooding", tls, kind, http=http) as receiver:
        yield receiver


def every(*kinds: Kind, http: bool) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "flooding", [(kind, http) for kind in kinds], indirect=True, ids=kinds
    )


async def flooded(bench: SenderBench) -> FloodError:
    """How it ends."""
    await bench.until_ended()
    assert isinstance(bench.last_error, FloodError)
    return bench.last_error


@every("keys", "requested_keys", "tickets", "crumbs", http=False)
async def test_a_syslog_receiver_that_floods(
    flooding: FloodingReceiver, authority: Authority, sending: Senders
) -> None:
    bench = sending(flooding.url, tls=TlsOptions(ca=authority.pem))
    turns = Turns()
    await bench.open()
    error = await flooded(bench)
    turns.stop()
    assert str(error) == FLOODS
    assert turns.count >= (UNANSWERING_BYTES_MAX + TICKETS_BYTES) // PIECE_BYTES
    with pytest.raises(FloodError, match=FLOODS) as again:
        await bench.open()
    assert again.value.retry_after_seconds > REST_SECONDS_MIN
    assert flooding.connections() == 1


@every("keys", "tickets", http=True)
async def test_a_web_receiver_that_floods_between_requests(
    flooding: FloodingReceiver, authority: Authority, sending: Senders
) -> None:
    bench = sending(flooding.url, tls=TlsOptions(ca=authority.pem))
    await bench.open()
    bench.send("one")
    await bench.until(lambda: bool(bench.confirmed))
    error = await flooded(bench)
    assert str(error) == FLOODS
    with pytest.raises(FloodError):
        await bench.open()


@every("keys", http=False)
async def test_a_trial_of_a_receiver_that_floods(
    flooding: FloodingReceiver, authority: Authority
) -> None:
    route = route_to(flooding.url, tls=TlsOptions(ca=authority.pem))
    steps = await Trial(Dialer(LOOPBACK), route).run()
    assert (steps[-1].ok, steps[-1].detail) == (False, FLOODS)


@every("keys", http=False)
async def test_many_that_flood_at_once_take_no_more_of_a_turn(
    flooding: FloodingReceiver, authority: Authority, sending: Senders
) -> None:
    benches = [sending(flooding.url, tls=TlsOptions(ca=authority.pem)) for _ in range(20)]
    await asyncio.gather(*(bench.open() for bench in benches))
    for bench in benches:
        assert str(await flooded(bench)) == FLOODS
    assert 0 < turns_here().longest_seconds < LONGEST_TURN_SECONDS


def with_certificates(certificate: Certificate, more: int) -> Certificate:
    """So many more than are of use."""
    chain = certificate.chain
    one = chain[: chain.index(_END) + len(_END)]
    return Certificate(chain + one * more, certificate.key)


@pytest.mark.parametrize(("more", "beside"), [(0, False), (20, True)])
async def test_long_handshakes_go_on_beside_the_loop(
    receiver: Receivers,
    authority: Authority,
    sending: Senders,
    monkeypatch: pytest.MonkeyPatch,
    more: int,
    beside: bool,
) -> None:
    threads = []
    shake = TlsLayer.shake

    def noting(layer: TlsLayer, data: bytes = b"") -> None:
        threads.append(threading.current_thread())
        shake(layer, data)

    monkeypatch.setattr(TlsLayer, "shake", noting)
    tls = Tls(with_certificates(authority.server(), more))
    await sending(receiver(tls=tls).url, tls=TlsOptions(ca=authority.pem)).open()
    assert (threads[-1] is not threading.current_thread()) is beside


async def test_certificates_without_end(
    receiver: Receivers, authority: Authority, sending: Senders
) -> None:
    tls = Tls(with_certificates(authority.server(), 100))
    bench = sending(receiver(tls=tls).url, tls=TlsOptions(ca=authority.pem))
    with pytest.raises(FloodError, match="its TLS handshake does not end"):
        await bench.open()

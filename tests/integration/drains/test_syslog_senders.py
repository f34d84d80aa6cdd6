"""TCP, TLS and UDP senders against programmable receivers."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count

import pytest

from drains.delivery.network.errors import DialError
from drains.delivery.senders.checkpoints import NO_STEP_BACK, StepBack
from drains.option_values import TlsOptions
from tests.support.certificates import Authority, self_signed
from tests.support.ports import free_port
from tests.support.receiver_program import Tls, TlsVersion
from tests.support.receivers import NEVER_READ, NORMAL, PLAIN_TEXT, SILENT, Mode, UdpReceiver
from tests.support.receiving import Receivers
from tests.support.sender_bench import Senders, record


@pytest.mark.parametrize("framing", ["newline", "octet"])
@pytest.mark.parametrize("secure", [False, True], ids=["tcp", "tls"])
async def test_records_arrive_and_are_confirmed(
    receiver: Receivers, authority: Authority, sending: Senders, framing: str, secure: bool
) -> None:
    r = receiver(tls=Tls(authority.server()) if secure else None, framing=framing)
    bench = sending(r.url, framing=framing, tls=TlsOptions(ca=authority.pem))

    await bench.open()
    bench.send("one", "two\nlines")
    bench.send("€ three")
    await bench.until_confirmed(2)

    assert r.wait_for(3) == [record(t).encode() for t in ("one", "two lines", "€ three")]
    assert bench.confirmed == ["write 1", "write 2"]
    assert not r.malformed()


async def test_large_writes_go_through_tls_whole(
    receiver: Receivers, authority: Authority, sending: Senders
) -> None:
    r = receiver(tls=Tls(authority.server()))
    bench = sending(r.url, tls=TlsOptions(ca=authority.pem))
    texts = [f"{number} " + "x" * 1000 for number in range(2000)]

    await bench.open()
    bench.send(*texts)
    await bench.until_confirmed()

    assert r.wait_for(len(texts)) == [record(text).encode() for text in texts]


async def test_tls_ends_with_close_notify(
    receiver: Receivers, authority: Authority, sending: Senders
) -> None:
    r = receiver(tls=Tls(authority.server()))
    bench = sending(r.url, tls=TlsOptions(ca=authority.pem))

    await bench.open()
    bench.send("one")
    await bench.until_confirmed()
    bench.close()

    await bench.until(lambda: r.ended_connections() == 1)
    assert r.cut_off() == 0
    assert r.lines() == [record("one").encode()]


BAD_CERTIFICATES = {
    "expired": "TLS: certificate has expired",
    "not_yet_valid": "TLS: certificate is not yet valid",
    "wrong_name": "TLS: certificate is for another name",
}


@pytest.mark.parametrize(("kind", "said"), BAD_CERTIFICATES.items())
async def test_a_bad_certificate_is_told_by_its_fault(
    receiver: Receivers, authority: Authority, sending: Senders, kind: str, said: str
) -> None:
    r = receiver(tls=Tls(getattr(authority, kind)()))

    with pytest.raises(DialError, match=said):
        await sending(r.url, tls=TlsOptions(ca=authority.pem)).open()


async def test_issuers_are_told_apart(
    receiver: Receivers, authority: Authority, sending: Senders
) -> None:
    r = receiver(tls=Tls(authority.server()))
    with pytest.raises(DialError, match="signed by an unknown issuer"):
        await sending(r.url).open()
    with pytest.raises(DialError, match="signed by an unknown issuer"):
        await sending(r.url, tls=TlsOptions(ca=Authority().pem)).open()


async def test_a_self_signed_certificate_is_refused_unless_it_is_the_ca(
    receiver: Receivers, sending: Senders
) -> None:
    certificate = self_signed()
    r = receiver(tls=Tls(certificate))

    with pytest.raises(DialError, match="certificate is self-signed"):
        await sending(r.url).open()
    await sending(r.url, tls=TlsOptions(ca=certificate.chain)).open()


async def test_old_tls_is_refused(
    receiver: Receivers, authority: Authority, sending: Senders
) -> None:
    r = receiver(tls=Tls(authority.server(), minimum="TLSv1", maximum="TLSv1_1"))

    with pytest.raises(DialError, match="has no TLS 1"):
        await sending(r.url, tls=TlsOptions(ca=authority.pem)).open()


async def test_a_plain_text_peer_is_never_spoken_to_in_plain_text(
    receiver: Receivers, authority: Authority, sending: Senders
) -> None:
    r = receiver(PLAIN_TEXT, tls=Tls(authority.server()))

    with pytest.raises(DialError, match="does not speak TLS: it may be syslog://"):
        await sending(r.url).open()
    assert r.lines() == []


async def test_a_silent_peer_is_left_after_four_seconds(
    receiver: Receivers, authority: Authority, sending: Senders
) -> None:
    r = receiver(SILENT, tls=Tls(authority.server()))

    with pytest.raises(
        DialError, match="timed out in the TLS handshake: the receiver may not speak TLS"
    ):
        await sending(r.url).open()


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
async def test_a_wanted_client_certificate(
    receiver: Receivers, authority: Authority, sending: Senders, version: TlsVersion
) -> None:
    clients = Authority()
    r = receiver(tls=Tls(authority.server(), clients, minimum=version, maximum=version))

    without = sending(r.url, tls=TlsOptions(ca=authority.pem))
    try:
        await without.open()
        without.send("refused after the handshake")
        said = await without.until_ended()
        again = without.sender.to_send_again(NO_STEP_BACK, 0.0)
        assert [write.name for write in again] == ["write 1"]
    except DialError as error:  # TLS 1.2 tells in the handshake
        said = str(error)
    assert "client certificate" in str(said)

    mine = clients.client()
    options = TlsOptions(ca=authority.pem, certificate=mine.chain, key=mine.key)
    having = sending(r.url, tls=options)
    await having.open()
    having.send("hello")
    await having.until_confirmed()
    assert r.wait_for(1) == [record("hello").encode()]


LONG_AGO = 3600.0
WRITES = 40


@pytest.mark.parametrize(
    ("mode", "again"), [(NEVER_READ, WRITES), (NORMAL, 0)], ids=["never read", "read"]
)
async def test_what_a_hung_receiver_has_not_read_is_sent_again_however_old(
    receiver: Receivers, sending: Senders, mode: Mode, again: int
) -> None:
    """Seen by its window, which closes as its kernel fills."""
    r = receiver(mode)
    bench = sending(r.url)
    await bench.open()
    for _ in range(WRITES):
        bench.send(*("x" * 1000 for _ in range(15)))
    await bench.until_confirmed(5 if mode is NEVER_READ else WRITES)
    if mode is NORMAL:
        r.wait_for(WRITES * 15)
    later = asyncio.get_running_loop().time() + LONG_AGO
    bench.sender.confirm(later)

    r.kill()
    await bench.until_ended()

    assert len(bench.sender.to_send_again(StepBack(), later)) == again


async def test_a_receiver_that_goes_is_noticed(
    receiver: Receivers, authority: Authority, sending: Senders
) -> None:
    r = receiver(tls=Tls(authority.server()))
    bench = sending(r.url, tls=TlsOptions(ca=authority.pem))
    await bench.open()
    r.kill()
    await bench.until_ended()


async def test_several_connections_share_the_lines_and_confirm_together(
    receiver: Receivers, sending: Senders
) -> None:
    r = receiver()
    bench = sending(r.url, connections=3)

    await bench.open()
    bench.send_pieces([["a"], [], ["b", "c"]])
    bench.send_pieces([[], ["d"], []])
    await bench.until_confirmed(2)

    await bench.until(lambda: r.connections() == 3)  # the kernel confirms before it accepts
    assert sorted(r.wait_for(4)) == [record(text).encode() for text in "abcd"]
    assert bench.confirmed == ["write 1", "write 2"]


async def test_one_of_several_connections_that_ends_ends_all(
    receiver: Receivers, sending: Senders
) -> None:
    r = receiver()
    bench = sending(r.url, connections=3)
    await bench.open()
    bench.send_pieces([["a"], ["b"], ["c"]])
    await bench.until_confirmed()
    r.kill()
    await bench.until_ended()
    assert len(bench.ended) == 1


async def test_several_connections_open_all_or_none(sending: Senders) -> None:
    with pytest.raises(DialError, match="connection refused"):
        await sending(f"syslog://127.0.0.1:{free_port()}", connections=3).open()


async def test_a_datagram_holds_a_record_and_nothing_else(
    udp_receiver: UdpReceiver, sending: Senders
) -> None:
    bench = sending(udp_receiver.url)

    await bench.open()
    bench.send("one", "x" * 2000, "€" * 700)
    await bench.until_confirmed()

    one, long, wide = udp_receiver.wait_for(3)
    assert one == record("one").encode()
    assert len(long) == 1024
    assert 1021 < len(wide) <= 1024
    assert wide.decode().endswith("€")


async def test_a_burst_arrives_whole_at_a_receiver_with_a_small_buffer(sending: Senders) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)  # some 150 datagrams
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(2)
        bench = sending(f"syslog+udp://127.0.0.1:{receiver.getsockname()[1]}")
        await bench.open()
        texts = [str(number) for number in range(10_000)]
        with ThreadPoolExecutor(1) as pool:
            arrived = pool.submit(_datagrams_of, receiver, len(texts))
            for start in range(0, len(texts), 200):
                bench.send(*texts[start : start + 200])
            await bench.until_confirmed(50)
            assert await asyncio.wrap_future(arrived) == [record(text).encode() for text in texts]


def _datagrams_of(receiver: socket.socket, count: int) -> list[bytes]:
    """So many, or fewer where none comes any more."""
    arrived: list[bytes] = []
    with suppress(TimeoutError):
        while len(arrived) < count:
            arrived.append(receiver.recv(2000))
    return arrived


async def test_a_refused_datagram_is_shown_and_not_the_end(sending: Senders) -> None:
    bench = sending(f"syslog+udp://127.0.0.1:{free_port()}")
    await bench.open()

    for number in count():
        bench.send(f"line {number}")
        await bench.until_confirmed(number + 1)
        if bench.sender.trouble:
            break

    assert bench.sender.trouble == "connection refused"
    assert bench.ended == []

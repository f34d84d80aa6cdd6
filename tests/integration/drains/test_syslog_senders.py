"""TCP, TLS and UDP senders against programmable receivers."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from typing import cast

import pytest

from drains.delivery.network.errors import STOPPED_READING, DialError
from drains.delivery.sender import Finishing
from drains.delivery.senders import tcp
from drains.option_values import TlsOptions
from drains.options.pem import ends_at
from tests.support.certificates import Authority, self_signed
from tests.support.ports import free_port
from tests.support.receiver_program import Tls, TlsVersion
from tests.support.receivers import NEVER_READ, ONLY_READS, PLAIN_TEXT, SILENT, Mode, UdpReceiver
from tests.support.receiving import Receivers
from tests.support.sender_bench import SenderBench, Senders, record


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


@pytest.mark.parametrize("connections", [1, 2])
async def test_until_when_the_receivers_certificate_is_good_is_known(
    receiver: Receivers, authority: Authority, sending: Senders, connections: int
) -> None:
    shown = authority.server()
    r = receiver(tls=Tls(shown))
    bench = sending(r.url, tls=TlsOptions(ca=authority.pem), connections=connections)
    await bench.open()
    assert bench.sender.certificate_ends_at == ends_at(shown.chain).timestamp()


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
        again = without.sender.to_send_again(0.0)
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


async def finished(bench: SenderBench, *, must_close: bool) -> str | None:
    """How it ended that a receiver was asked whether it has read one line."""
    await bench.open()
    bench.send("hello")
    cast(Finishing, bench.sender).finish(0.1, must_close=must_close)
    return await bench.until_ended()


def in_doubt(bench: SenderBench) -> list[str]:
    now = asyncio.get_running_loop().time()
    return [write.name for write in bench.sender.to_send_again(now)]


secured = pytest.mark.parametrize("secure", [False, True], ids=["tcp", "tls"])


@secured
async def test_a_receiver_that_closes_in_answer_to_our_end_has_read_all(
    receiver: Receivers, authority: Authority, sending: Senders, secure: bool
) -> None:
    r = receiver(tls=Tls(authority.server()) if secure else None)
    bench = sending(r.url, tls=TlsOptions(ca=authority.pem))
    assert await finished(bench, must_close=True) is None
    assert in_doubt(bench) == []
    assert r.lines() == [record("hello").encode()]
    assert r.cut_off() == 0


@secured
async def test_one_that_hung_and_does_not_close_has_not(
    receiver: Receivers, authority: Authority, sending: Senders, secure: bool
) -> None:
    mode = Mode(record_limit=10, over_limit="hang")
    r = receiver(mode, tls=Tls(authority.server()) if secure else None)
    bench = sending(r.url, tls=TlsOptions(ca=authority.pem))
    assert await finished(bench, must_close=True) == STOPPED_READING
    assert in_doubt(bench) == ["write 1"]


async def test_one_that_closes_before_it_is_asked_may_have_read_nothing(
    receiver: Receivers, sending: Senders
) -> None:
    bench = sending(receiver(Mode(record_limit=10)).url)
    await finished(bench, must_close=False)
    assert in_doubt(bench) == ["write 1"]


async def test_one_that_only_does_not_close_is_believed_for_having_stood(
    receiver: Receivers, sending: Senders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "KEPT_SECONDS", 0.1)
    bench = sending(receiver(NEVER_READ).url)
    assert await finished(bench, must_close=False) is None
    assert in_doubt(bench) == []


async def test_one_that_only_reads_is_sent_lines(receiver: Receivers, sending: Senders) -> None:
    r = receiver(ONLY_READS)
    bench = sending(r.url)
    await bench.open(patient=True)  # a busy machine may take longer than it is usually listened
    for _ in range(2):
        bench.send("hello")
    await bench.until_confirmed(2)
    assert len(r.wait_for(2)) == 2
    assert bench.ended == []


async def test_one_that_only_reads_and_is_slow_to_show_it_is_waited_for(
    receiver: Receivers, sending: Senders
) -> None:
    r = receiver(Mode(shuts_after=0.1))
    bench = sending(r.url)
    await bench.open(patient=True)
    bench.send("hello")
    await bench.until_confirmed(1)
    assert len(r.wait_for(1)) == 1
    assert bench.ended == []


async def test_one_that_closes_whole_at_once_confirms_nothing(sending: Senders) -> None:
    async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(close, "127.0.0.1", 0) as server:
        bench = sending(f"syslog://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await bench.open()
        bench.send("hello")
        await bench.until_ended()
    assert in_doubt(bench) == ["write 1"]


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


@pytest.mark.alone  # who is not let read for a moment loses what its buffer has no room for
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

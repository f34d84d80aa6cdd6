"""The programmable receivers beyond plain TCP with newlines."""

import ssl
from pathlib import Path

import pytest

from tests.support.certificates import Authority, self_signed
from tests.support.receiver_program import Tls
from tests.support.receivers import NEWLINE, PLAIN_TEXT, SILENT, UdpReceiver
from tests.support.receiving import Receivers
from tests.support.sending import connect, send, send_datagram
from tests.support.waiting import wait_until


@pytest.fixture
def context(authority: Authority) -> ssl.SSLContext:
    """A sender's, which trusts the authority."""
    return ssl.create_default_context(cadata=authority.pem)


def test_lines_come_through_tls(
    receiver: Receivers, authority: Authority, context: ssl.SSLContext
) -> None:
    r = receiver(tls=Tls(authority.server()))
    send(r.port, b"one\ntwo\n", context)
    assert r.wait_for(2) == [b"one", b"two"]
    assert r.handshakes() == [("TLSv1.3", "localhost")]
    wait_until(lambda: r.ended_connections() == 1, 5, "the end of the connection")
    assert r.cut_off() == 0


def test_an_end_without_close_notify_is_told(
    receiver: Receivers, authority: Authority, context: ssl.SSLContext
) -> None:
    r = receiver(tls=Tls(authority.server()))
    with connect(r.port, context) as sender:
        sender.sendall(b"one\n")
        r.wait_for(1)
    wait_until(lambda: r.cut_off() == 1, 5, "the end of the connection")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("expired", "expired"),
        ("not_yet_valid", "not yet valid"),
        ("wrong_name", "Hostname mismatch"),
        ("self_signed", "self-signed"),
    ],
)
def test_a_bad_certificate_is_refused(
    receiver: Receivers, authority: Authority, context: ssl.SSLContext, kind: str, reason: str
) -> None:
    r = receiver(tls=Tls(self_signed() if kind == "self_signed" else getattr(authority, kind)()))
    with pytest.raises(ssl.SSLCertVerificationError, match=reason):
        connect(r.port, context)


def test_the_certificate_may_be_another_after_a_restart(
    receiver: Receivers, authority: Authority, context: ssl.SSLContext
) -> None:
    r = receiver(tls=Tls(authority.expired()))
    r.stop()
    r.tls = Tls(authority.server())
    r.start()
    send(r.port, b"one\n", context)
    r.wait_for(1)


def test_a_client_certificate_may_be_wanted(
    receiver: Receivers, authority: Authority, context: ssl.SSLContext, tmp_path: Path
) -> None:
    r = receiver(tls=Tls(authority.server(), clients=authority))
    with connect(r.port, context):
        wait_until(r.refused_handshakes, 5, "the refusal")
    files = authority.client().write(tmp_path, "client")
    context.load_cert_chain(files.chain, files.key)
    send(r.port, b"one\n", context)
    r.wait_for(1)


def test_a_receiver_may_know_old_tls_only(
    receiver: Receivers, authority: Authority, context: ssl.SSLContext
) -> None:
    r = receiver(tls=Tls(authority.server(), maximum="TLSv1_1"))
    with pytest.raises(ssl.SSLError):
        connect(r.port, context)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    connect(r.port, context).close()
    assert wait_until(r.handshakes, 5, "the handshake") == [("TLSv1.1", "localhost")]


def test_a_silent_receiver_answers_no_handshake(
    receiver: Receivers, authority: Authority, context: ssl.SSLContext
) -> None:
    r = receiver(SILENT, tls=Tls(authority.server()))
    with connect(r.port) as plain:
        plain.settimeout(0.3)
        with pytest.raises(TimeoutError):
            context.wrap_socket(plain, server_hostname="localhost")


def test_a_receiver_may_speak_something_else(
    receiver: Receivers, authority: Authority, context: ssl.SSLContext
) -> None:
    r = receiver(PLAIN_TEXT, tls=Tls(authority.server()))
    with pytest.raises(ssl.SSLError):
        connect(r.port, context)


def test_counted_records_are_received_whole(receiver: Receivers) -> None:
    r = receiver(framing="octet")
    with connect(r.port) as sender:
        sender.sendall(b"3 one7 two\nto")
        assert r.wait_for(1) == [b"one"]
        sender.sendall(b"o1")
        assert r.wait_for(2)[1] == b"two" + NEWLINE + b"too"
        sender.sendall(b"1 ten or more")
        assert r.wait_for(3)[2] == b"ten or more"
    assert r.malformed() == []


@pytest.mark.parametrize("data", [b"03 one", b"<14>1 - h", b"3 one 3 two", b"3one", b"0 "])
def test_a_wrong_count_ends_the_connection(receiver: Receivers, data: bytes) -> None:
    r = receiver(framing="octet")
    with connect(r.port) as sender:
        sender.sendall(data)
        assert sender.recv(1) == b""
    assert len(r.malformed()) == 1


def test_each_datagram_is_a_line(udp_receiver: UdpReceiver) -> None:
    r = udp_receiver
    send_datagram(r.port, b"one")
    send_datagram(r.port, b"two\nlines")
    assert r.wait_for(2) == [b"one", b"two" + NEWLINE + b"lines"]
    r.kill()
    r.start()
    send_datagram(r.port, b"again")
    assert r.wait_for(3)[2] == b"again"

import contextlib
import ssl
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.ports import LOOPBACK
from tests.support.receivers import NEWLINE
from tests.support.sending import counted, send, send_datagram
from tests.support.syslog_ng import SyslogNg
from tests.support.syslog_server import Written

RECORD = "<11>1 2016-08-24T17:03:20.08Z gold-gs web.{0} - - - text {0}  [x] ü\t."


def record(number: int) -> bytes:
    return RECORD.format(number).encode()


def test_every_input_is_taken(tmp_path: Path, authority: Authority) -> None:
    context = ssl.create_default_context(cadata=authority.pem)
    with SyslogNg(tmp_path, authority.server()) as server:
        send(server.port, record(1) + b"\n")
        send(server.octet_port, counted(record(2)))
        send(server.tls_port, record(3) + b"\n", context)
        send(server.tls_octet_port, counted(record(4)), context)
        send_datagram(server.udp_port, record(5))
        written = sorted(server.wait_for(5), key=lambda one: one.app_name)
    assert written == [
        Written(
            11,
            "2016-08-24T17:03:20.080000+00:00",
            "gold-gs",
            f"web.{n}",
            f"text {n}  [x] ü\t.".encode(),
        )
        for n in (1, 2, 3, 4, 5)
    ]


def test_a_counted_record_keeps_its_lines(tmp_path: Path) -> None:
    with SyslogNg(tmp_path) as server:
        send(server.octet_port, counted(b"<14>1 - - - - - - one\ntwo\n\xff"))
        (written,) = server.wait_for(1)
    assert (written.hostname, written.app_name) == (LOOPBACK, "-")
    assert written.msg == b"one" + NEWLINE + b"two" + NEWLINE + b"\xff"


def test_a_record_of_the_longest_kind_is_not_cut(tmp_path: Path) -> None:
    text = "x" * 99_900
    with SyslogNg(tmp_path) as server:
        send(server.port, f"<14>1 - h a - - - {text}\n".encode())
        assert server.wait_for(1)[0].msg == text.encode()


def test_a_restart_keeps_port_and_records(tmp_path: Path) -> None:
    with SyslogNg(tmp_path) as server:
        send(server.port, record(1) + b"\n")
        server.wait_for(1)
        server.stop()
        with pytest.raises(ConnectionRefusedError):
            send(server.port, record(1))
        server.start()
        send(server.port, record(2) + b"\n")
        assert [one.app_name for one in server.wait_for(2)] == ["web.1", "web.2"]


def test_tls_may_want_a_client_certificate(tmp_path: Path, authority: Authority) -> None:
    unknown = ssl.create_default_context(cadata=authority.pem)
    known = ssl.create_default_context(cadata=authority.pem)
    files = authority.client().write(tmp_path, "client")
    known.load_cert_chain(files.chain, files.key)
    with SyslogNg(tmp_path, authority.server(), clients=authority) as server:
        with contextlib.suppress(OSError):
            send(server.tls_octet_port, counted(record(1)), unknown)
        send(server.tls_octet_port, counted(record(2)), known)
        assert [one.app_name for one in server.wait_for(1)] == ["web.2"]

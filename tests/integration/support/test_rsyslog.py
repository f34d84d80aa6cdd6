import contextlib
import ssl
from pathlib import Path

from tests.support.certificates import Authority
from tests.support.rsyslog import Rsyslog
from tests.support.sending import counted, send, send_datagram
from tests.support.syslog_server import Written

RECORD = "<11>1 2016-08-24T17:03:20.08Z gold-gs web.{0} - - - text {0}  [x] ü\t."


def record(number: int) -> bytes:
    return RECORD.format(number).encode()


def test_three_records_are_written_as_understood(rsyslog: Rsyslog) -> None:
    send(rsyslog.port, b"".join(record(n) + b"\n" for n in (1, 2, 3)))
    written = rsyslog.wait_for(3)
    assert written[2] == Written(
        11, "2016-08-24T17:03:20.08Z", "gold-gs", "web.3", "text 3  [x] ü\t.".encode()
    )
    assert [one.app_name for one in written] == ["web.1", "web.2", "web.3"]


def test_octet_counting_is_taken_too(rsyslog: Rsyslog) -> None:
    send(rsyslog.port, counted(record(1)))
    assert rsyslog.wait_for(1)[0].app_name == "web.1"


def test_a_record_of_the_longest_kind_is_not_cut(rsyslog: Rsyslog) -> None:
    text = "x" * 99_900
    send(rsyslog.port, f"<14>1 - h a - - - {text}\n".encode())
    assert rsyslog.wait_for(1)[0].msg == text.encode()


def test_a_restart_keeps_port_and_records(rsyslog: Rsyslog) -> None:
    send(rsyslog.port, record(1) + b"\n")
    rsyslog.wait_for(1)
    rsyslog.stop()
    rsyslog.start()
    send(rsyslog.port, record(2) + b"\n")
    assert [one.app_name for one in rsyslog.wait_for(2)] == ["web.1", "web.2"]


def test_tls_takes_both_framings(tmp_path: Path, authority: Authority) -> None:
    context = ssl.create_default_context(cadata=authority.pem)
    with Rsyslog(tmp_path, authority.server()) as server:
        send(server.tls_port, record(1) + b"\n", context)
        send(server.tls_port, counted(record(2)), context)
        assert {one.app_name for one in server.wait_for(2)} == {"web.1", "web.2"}


def test_tls_may_want_a_client_certificate(tmp_path: Path, authority: Authority) -> None:
    unknown = ssl.create_default_context(cadata=authority.pem)
    known = ssl.create_default_context(cadata=authority.pem)
    files = authority.client().write(tmp_path, "client")
    known.load_cert_chain(files.chain, files.key)
    with Rsyslog(tmp_path, authority.server(), clients=authority) as server:
        with contextlib.suppress(OSError):
            send(server.tls_port, record(1) + b"\n", unknown)
        send(server.tls_port, record(2) + b"\n", known)
        assert [one.app_name for one in server.wait_for(1)] == ["web.2"]


def test_udp_is_taken(rsyslog: Rsyslog) -> None:
    send_datagram(rsyslog.udp_port, record(1))
    assert rsyslog.wait_for(1)[0].app_name == "web.1"

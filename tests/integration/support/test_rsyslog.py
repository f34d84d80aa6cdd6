import socket

from tests.support.rsyslog import Rsyslog, Written

RECORD = "<11>1 2016-08-24T17:03:20.08Z gold-gs web.{0} - - - text {0}  [x] ü\t."


def send(port: int, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sender:
        sender.sendall(data)


def test_three_records_are_written_as_understood(rsyslog: Rsyslog) -> None:
    send(rsyslog.port, "".join(RECORD.format(n) + "\n" for n in (1, 2, 3)).encode())
    written = rsyslog.wait_for(3)
    assert written[2] == Written(
        11, "2016-08-24T17:03:20.08Z", "gold-gs", "web.3", "text 3  [x] ü\t.".encode()
    )
    assert [record.app_name for record in written] == ["web.1", "web.2", "web.3"]


def test_octet_counting_is_taken_too(rsyslog: Rsyslog) -> None:
    record = RECORD.format(1).encode()
    send(rsyslog.port, str(len(record)).encode() + b" " + record)
    assert rsyslog.wait_for(1)[0].app_name == "web.1"


def test_a_record_of_the_longest_kind_is_not_cut(rsyslog: Rsyslog) -> None:
    text = "x" * 99_900
    send(rsyslog.port, f"<14>1 - h a - - - {text}\n".encode())
    assert rsyslog.wait_for(1)[0].msg == text.encode()


def test_a_restart_keeps_port_and_records(rsyslog: Rsyslog) -> None:
    send(rsyslog.port, RECORD.format(1).encode() + b"\n")
    rsyslog.wait_for(1)
    rsyslog.stop()
    rsyslog.start()
    send(rsyslog.port, RECORD.format(2).encode() + b"\n")
    assert [record.app_name for record in rsyslog.wait_for(2)] == ["web.1", "web.2"]

import socket
import ssl
import time

import httpx
import pytest

from tests.support.certificates import Authority
from tests.support.http_receiver import (
    DROP,
    ENDLESS,
    HANG,
    OK,
    RESET,
    Answer,
    HttpReceiver,
    Refusal,
    Script,
)
from tests.support.receiver_program import Tls
from tests.support.receiving import HttpReceivers
from tests.support.waiting import wait_until


def post(receiver: HttpReceiver, body: bytes = b"body", **options: float) -> int:
    return httpx.post(receiver.url, content=body, trust_env=False, **options).status_code  # type: ignore[arg-type]


def test_a_request_is_kept_as_it_came(http_receiver: HttpReceivers) -> None:
    r = http_receiver()
    headers = {"X-Name": "value", "User-Agent": "ua"}
    httpx.post(f"{r.url}a/b?c=d", content=b"\0\n\xff", headers=headers, trust_env=False)
    (request,) = r.requests()
    assert (request.method, request.path, request.body) == ("POST", "/a/b?c=d", b"\0\n\xff")
    assert request.headers["x-name"] == "value"
    assert request.headers["content-length"] == "3"
    assert (request.connection, request.status) == (1, 200)
    assert request.time == pytest.approx(time.monotonic(), abs=20)


def test_first_answers_then_the_other(http_receiver: HttpReceivers) -> None:
    r = http_receiver(Script([Answer(503, {"Retry-After": "7"}), Answer(204)], then=Answer(299)))
    with httpx.Client(trust_env=False) as client:
        answers = [client.post(r.url, content=b"x") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [503, 204, 299, 299]
    assert answers[0].headers["Retry-After"] == "7"
    assert [request.connection for request in r.requests()] == [1, 1, 1, 1]
    assert len(r.accepted()) == 3


def test_the_script_may_be_changed(http_receiver: HttpReceivers) -> None:
    r = http_receiver(Script(then=Answer(500)))
    assert post(r) == 500
    r.answer(Answer(429))
    assert [post(r), post(r)] == [429, 200]


def test_a_restart_keeps_port_and_requests(http_receiver: HttpReceivers) -> None:
    r = http_receiver()
    post(r, b"one")
    r.kill()
    with pytest.raises(httpx.ConnectError):
        post(r)
    r.start()
    post(r, b"two")
    assert [request.body for request in r.wait_for_accepted(2)] == [b"one", b"two"]


@pytest.mark.parametrize("answer", [DROP, RESET, Answer(raw="SSH-2.0-x\r\n", ending="close")])
def test_a_connection_may_break_in_place_of_an_answer(
    http_receiver: HttpReceivers, answer: Answer
) -> None:
    r = http_receiver()
    r.answer(OK, answer)
    with httpx.Client(trust_env=False) as client:
        client.post(r.url)
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            client.post(r.url)
        assert client.post(r.url).status_code == 200
    assert [request.status for request in r.requests()] == [200, None, 200]


@pytest.mark.parametrize("answer", [HANG, Answer(delay_seconds=60)])
def test_an_answer_may_never_come(http_receiver: HttpReceivers, answer: Answer) -> None:
    r = http_receiver(Script(then=answer))
    with pytest.raises(httpx.ReadTimeout):
        post(r, timeout=0.3)
    assert len(r.requests()) == 1


def test_a_body_may_be_huge_or_endless(http_receiver: HttpReceivers) -> None:
    r = http_receiver(Script([Answer(body_bytes=3_000_000)], then=ENDLESS))
    assert len(httpx.get(r.url, trust_env=False).content) == 3_000_000
    with httpx.stream("GET", r.url, trust_env=False) as answer:
        chunks = answer.iter_raw(1_000_000)
        assert [len(next(chunks)) for _ in range(4)] == [1_000_000] * 4


@pytest.mark.parametrize("ending", ["close", "close_unannounced"])
def test_the_connection_may_end_with_an_answer(http_receiver: HttpReceivers, ending: str) -> None:
    r = http_receiver(Script(then=Answer(ending=ending)))  # type: ignore[arg-type]
    with httpx.Client(trust_env=False) as client:
        announced = client.get(r.url).headers.get("Connection")
    assert (announced == "close") == (ending == "close")
    assert r.connections() == 1


def test_a_body_may_be_refused_for_what_it_holds(http_receiver: HttpReceivers) -> None:
    r = http_receiver(
        Script(
            refusing=[
                Refusal(Answer(400), containing=b"\xffbad"),
                Refusal(Answer(413), bytes_over=20),
                Refusal(Answer(422), frames_over=2),
            ]
        )
    )
    bodies = [b"a \xffbad", b"x" * 21, b"2 x\n2 y\n2 z\n", b"2 x\n2 y\n"]
    assert [post(r, body) for body in bodies] == [400, 413, 422, 200]
    assert [request.body for request in r.accepted()] == [bodies[3]]


def test_a_slow_reader_takes_its_time(http_receiver: HttpReceivers) -> None:
    r = http_receiver(Script(bytes_per_second=100_000), receive_buffer=4096)
    begun = time.monotonic()
    post(r, b"x" * 60_000)
    assert time.monotonic() - begun > 0.5


def test_tls_is_checked_by_both_sides(http_receiver: HttpReceivers, authority: Authority) -> None:
    r = http_receiver(tls=Tls(authority.server()))
    context = ssl.create_default_context(cadata=authority.pem)
    assert httpx.get(r.url, verify=context, trust_env=False).status_code == 200
    assert r.handshakes() == [("TLSv1.3", "localhost")]
    with pytest.raises(httpx.ConnectError):
        httpx.get(r.url, trust_env=False)
    wait_until(r.refused_handshakes, 5, "the refusal")


def test_what_is_not_http_is_told(http_receiver: HttpReceivers) -> None:
    r = http_receiver()
    with socket.create_connection(("127.0.0.1", r.port), timeout=5) as client:
        client.sendall(b"<14>1 - h a - - - text\n")
        assert client.recv(1) == b""
    assert len(r.events("malformed")) == 1
    assert r.requests() == []

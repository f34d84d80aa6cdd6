"""HTTP and HTTPS senders against a programmable receiver; each body is read by a strict judge."""

from __future__ import annotations

import asyncio
import base64
from contextlib import suppress

import pytest

from drains.delivery.network.egress import EgressPolicy
from drains.delivery.network.errors import DialError
from drains.delivery.senders.halving import ENDS_MAX
from drains.option_values import TlsOptions
from drains.options.pem import ends_at
from tests.integration.drains.test_hostile_receivers import serving
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
    Request,
    Script,
)
from tests.support.logplex import parse_request
from tests.support.ports import free_port
from tests.support.receiver_program import Tls
from tests.support.receiving import HttpReceivers
from tests.support.sender_bench import DRAIN_ID, SenderBench, Senders, record


def records_of(requests: list[Request]) -> list[str]:
    return [
        message.decode()
        for request in requests
        for message in parse_request(request.headers, request.body)
    ]


def texts_of(requests: list[Request]) -> list[str]:
    return [text.split(" - - - ", 1)[1] for text in records_of(requests)]


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
async def test_a_request_as_logplex_sends_it(
    http_receiver: HttpReceivers, authority: Authority, sending: Senders, secure: bool
) -> None:
    r = http_receiver(tls=Tls(authority.server()) if secure else None)
    url = r.url.replace("://", "://us%40er:p%3Ass@") + "logs/in%20put?a=b&c=%2F"
    headers = (("DD-API-KEY", "abc"), ("X-Other", "d e"))
    bench = sending(url, headers=headers, tls=TlsOptions(ca=authority.pem))

    await bench.open()
    bench.send("one", "two\nlines", "€")
    await bench.until_confirmed()

    (request,) = r.requests()
    assert records_of([request]) == [record(text) for text in ("one", "two lines", "€")]
    assert (request.method, request.path) == ("POST", "/logs/in%20put?a=b&c=%2F")
    assert request.headers["authorization"] == ("Basic " + base64.b64encode(b"us@er:p:ss").decode())
    assert request.headers["logplex-drain-token"] == DRAIN_ID
    assert request.headers["dd-api-key"] == "abc"
    assert request.headers["x-other"] == "d e"


async def test_the_certificate_is_seen_again_with_each_connection(
    http_receiver: HttpReceivers, authority: Authority, sending: Senders
) -> None:
    shown, renewed = authority.good_for(3), authority.good_for(9)
    r = http_receiver(tls=Tls(shown))
    bench = sending(r.url, tls=TlsOptions(ca=authority.pem))
    await bench.open()
    assert bench.sender.certificate_ends_at == ends_at(shown.chain).timestamp()
    r.stop()
    r.tls = Tls(renewed)
    r.start()
    bench.send("one")
    await bench.until_confirmed()
    assert bench.sender.certificate_ends_at == ends_at(renewed.chain).timestamp()


async def test_requests_share_a_connection(http_receiver: HttpReceivers, sending: Senders) -> None:
    r = http_receiver()
    bench = sending(r.url)
    await bench.open()
    for number in range(1, 4):
        bench.send(f"line {number}")
        await bench.until_confirmed(number)

    assert [request.connection for request in r.requests()] == [1, 1, 1]
    assert len({request.headers["logplex-frame-id"] for request in r.requests()}) == 3


async def test_a_request_holds_at_most_1000_lines_and_256_kib(
    http_receiver: HttpReceivers, sending: Senders
) -> None:
    r = http_receiver()
    bench = sending(r.url)
    await bench.open()
    short, long = [f"{n}" for n in range(2500)], [f"{n} " + "x" * 60_000 for n in range(9)]
    bench.send(*short)
    bench.send(*long)
    await bench.until_confirmed(2)

    sizes = [len(parse_request(q.headers, q.body)) for q in r.requests()]
    assert sizes == [1000, 1000, 500, 4, 4, 1]
    assert all(len(request.body) <= 256 * 1024 for request in r.requests())
    assert texts_of(r.requests()) == short + long


async def test_the_frame_id_is_the_same_when_the_same_is_sent_again(
    http_receiver: HttpReceivers, sending: Senders
) -> None:
    r = http_receiver(Script([Answer(503)]))
    first, second = sending(r.url), sending(r.url)
    await first.open()
    first.send("a", "b", name="gs/0:1-2 gs/1:1-2")
    assert await first.until_ended() == "HTTP 503"
    await second.open()
    second.send("a", "b", name="gs/0:1-2 gs/1:1-2")
    second.send("b", "a", name="gs/0:1-2 gs/1:1-2")  # the partitions were read in another order
    second.send("a", "c", name="gs/0:1-2 gs/1:1-2")
    second.send("a", "b", name="gs/0:3-4 gs/1:3-4")
    await second.until_confirmed(4)

    ids = [request.headers["logplex-frame-id"] for request in r.requests()]
    assert ids[0] == ids[1] == ids[2]
    assert len(set(ids)) == 3


FAILURES = {
    "301": (Answer(301, {"Location": "/x"}), "HTTP 301: redirects are not followed"),
    "307": (
        Answer(307, {"Location": "http://127.0.0.1:1/"}),
        "HTTP 307: redirects are not followed",
    ),
    "304": (Answer(304), "HTTP 304: redirects are not followed"),
    "400": (Answer(400), "HTTP 400: check that the URL's path takes logs in this format"),
    "401": (
        Answer(401),
        "HTTP 401: check the user and password in the URL, or the header with the key",
    ),
    "403": (Answer(403), "HTTP 403: check what the user or the key may do there"),
    "404": (Answer(404), "HTTP 404: check the URL's path"),
    "410": (Answer(410), "HTTP 410: the receiver has closed this address for good"),
    "413": (Answer(413), "HTTP 413: it takes not even one line of this size"),
    "422": (Answer(422), "HTTP 422: check that the URL's path takes logs in this format"),
    "429": (Answer(429), "HTTP 429: too many requests for the receiver"),
    "429 with a time": (
        Answer(429, {"Retry-After": "120"}),
        "HTTP 429: too many requests for the receiver; next try in 120 s",
    ),
    "503 with a time": (Answer(503, {"Retry-After": "7"}), "HTTP 503: next try in 7 s"),
    "500": (Answer(500, body_bytes=1_000_000), "HTTP 500"),
    "503": (Answer(503), "HTTP 503"),
    "drop": (DROP, "connection closed by the receiver"),
    "reset": (RESET, "connection reset by the receiver"),
    "not http": (Answer(raw="hello\r\n\r\n"), "the receiver's answer is not HTTP"),
    "a header of 70 KB": (
        Answer(200, {"X-A": "x" * 70_000}),
        "the receiver's answer has a header longer than 64 KiB",
    ),
    "600 KB of headers": (
        Answer(200, {f"X-{n}": "x" * 60_000 for n in range(10)}),
        "the receiver floods us: its answer is longer than 512 KiB",
    ),
    "a thousand and one headers": (
        Answer(200, {f"X-{n}": "x" for n in range(1001)}),
        "the receiver's answer is not HTTP",
    ),
    "answers that announce one": (
        Answer(raw="HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        "the receiver floods us: its answer is longer than 512 KiB",
    ),
}


@pytest.mark.parametrize(("answer", "said"), FAILURES.values(), ids=FAILURES.keys())
async def test_what_does_not_confirm(
    http_receiver: HttpReceivers, sending: Senders, answer: Answer, said: str
) -> None:
    r = http_receiver(Script(then=answer))
    bench = sending(r.url)
    await bench.open()
    bench.send("one", "two")

    assert await bench.until_ended() == said
    assert bench.confirmed == []
    assert bench.sender.lines_refused == 0
    assert [write.name for write in bench.sender.unconfirmed] == ["write 1"]


CONFIRMING = {
    "200": OK,
    "201": Answer(201),
    "204": Answer(204),
    "with a long body": Answer(body_bytes=1_000_000),
    "with an endless body": ENDLESS,
    "and closes": Answer(ending="close"),
    "with a header of 9 KB": Answer(headers={"Content-Security-Policy": "x" * 9_000}),
    "with a header of 64 KB": Answer(headers={"Content-Security-Policy": "x" * 65_000}),
    "with 300 headers": Answer(headers={f"X-{n}": "x" for n in range(300)}),
}


@pytest.mark.parametrize("answer", CONFIRMING.values(), ids=CONFIRMING.keys())
async def test_what_confirms(
    http_receiver: HttpReceivers, sending: Senders, answer: Answer
) -> None:
    r = http_receiver(Script(then=answer))
    bench = sending(r.url)
    await bench.open()
    bench.send("one")
    await bench.until_confirmed(1)
    bench.send("two")
    await bench.until_confirmed(2)

    assert texts_of(r.requests()) == ["one", "two"]
    assert bench.ended == []


async def test_a_connection_that_was_closed_while_it_was_kept_alive_is_no_failure(
    http_receiver: HttpReceivers, sending: Senders
) -> None:
    r = http_receiver(Script([Answer(ending="close_unannounced"), DROP]))
    bench = sending(r.url)
    await bench.open()
    bench.send("one")
    await bench.until_confirmed(1)
    bench.send("two")
    await bench.until(lambda: len(bench.confirmed) == 2 or bool(bench.ended))

    assert texts_of(r.accepted())[0] == "one"
    assert bench.ended in ([], ["connection closed by the receiver"])


async def test_no_answer_ends_the_request(http_receiver: HttpReceivers, sending: Senders) -> None:
    r = http_receiver(Script(then=HANG))
    bench = sending(r.url)
    await bench.open()
    bench.send("one")

    assert await bench.until_ended(12) == "timed out: no answer"


async def test_one_that_refuses_slowly_answers(
    http_receiver: HttpReceivers, sending: Senders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drains.delivery.senders.http.ANSWER_SECONDS", 1.0)
    r = http_receiver(Script(then=Answer(400, delay_seconds=0.5)))
    bench = sending(r.url)
    await bench.open()
    begun = asyncio.get_running_loop().time()
    bench.send("a", "b")

    assert (await bench.until_ended() or "").startswith("HTTP 400")
    assert len(r.requests()) == 3
    assert bench.sender.progressed_at > begun + 1.0


ENDINGS = {"drop": DROP, "reset": RESET}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS.keys())
async def test_a_request_that_is_too_large_is_halved_once_it_has_come_again(
    http_receiver: HttpReceivers, sending: Senders, ending: Answer
) -> None:
    r = http_receiver(Script(refusing=[Refusal(ending, frames_over=40)]))
    first, second = sending(r.url), sending(r.url)
    texts = [str(n) for n in range(100)]
    await first.open()
    first.send(*texts)
    assert "by the receiver" in (await first.until_ended() or "")
    await second.open()
    second.send(*texts, name="write 1", unanswered=1)
    await second.until_confirmed()
    known = len(r.requests())
    second.send(*texts[:60])  # what it ends connections for is known by now
    await second.until_confirmed(2)

    ids = [request.headers["logplex-frame-id"] for request in r.requests() if not request.accepted]
    assert len(set(ids[:3])) == 1
    assert texts_of(r.accepted()) == texts + texts[:60]
    assert len(r.requests()) <= known + 4
    assert second.sender.lines_refused == 0


async def test_a_receiver_that_resets_in_the_middle_of_a_large_body(sending: Senders) -> None:
    sizes: list[int] = []

    async def take_64_kib(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):  # it is the sender that goes
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                body = await reader.readexactly(min(size, 65536))
                if size > 65536:
                    return
                sizes.append(body.count(b"\n"))
                writer.write(b"HTTP/1.1 204 X\r\n\r\n")

    async with serving(take_64_kib) as port:
        bench = sending(f"http://127.0.0.1:{port}/")
        await bench.open()
        bench.send(*["x" * 400] * 600, unanswered=1)
        await bench.until_confirmed()
        bench.close()
        await bench.sender.wait_closed()
    assert sum(sizes) == 600


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS.keys())
async def test_a_line_that_always_ends_the_connection_is_given_up_alone(
    http_receiver: HttpReceivers, sending: Senders, ending: Answer
) -> None:
    r = http_receiver(Script(refusing=[Refusal(ending, containing=b"poison")]))
    bench = sending(r.url)
    texts = [f"{n} poison" if n in (0, 41) else f"{n}" for n in range(100)]
    await bench.open()
    bench.send(*texts, unanswered=1)
    await bench.until_confirmed()

    taken = texts_of(r.accepted())
    assert list(dict.fromkeys(taken)) == [text for text in texts if "poison" not in text]
    assert len(taken) <= 98 + 6
    alone = [q for q in r.requests() if not q.accepted and len(texts_of([q])) == 1]
    assert len({q.connection for q in alone}) >= 6
    assert bench.sender.lines_refused == 2


async def test_a_receiver_that_ends_every_connection_is_left_alone(
    http_receiver: HttpReceivers, sending: Senders
) -> None:
    r = http_receiver(Script(then=RESET))
    bench = sending(r.url)
    await bench.open()
    bench.send(*map(str, range(1000)), unanswered=1)

    assert await bench.until_ended() == "connection reset by the receiver"
    assert len(r.requests()) <= ENDS_MAX + 1
    assert bench.sender.lines_refused == 0


async def test_a_receiver_that_goes_away_meanwhile_is_not_asked_for_the_rest(
    http_receiver: HttpReceivers, sending: Senders
) -> None:
    r = http_receiver(Script(then=RESET))
    bench = sending(r.url)
    await bench.open()
    r.kill()
    bench.send(*map(str, range(1000)), unanswered=1)

    assert await bench.until_ended() == "connection refused"


@pytest.mark.slow
async def test_a_slow_receiver_that_gets_on_is_waited_for(
    http_receiver: HttpReceivers, sending: Senders
) -> None:
    r = http_receiver(Script(bytes_per_second=10_000), receive_buffer=4096)
    bench = sending(r.url)
    await bench.open()
    bench.send(*["x" * 1000] * 100)

    await bench.until(lambda: bool(bench.confirmed or bench.ended), 25)
    assert bench.confirmed == ["write 1"]


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_only_the_lines_that_a_receiver_refuses_are_given_up(
    http_receiver: HttpReceivers, sending: Senders, status: int
) -> None:
    r = http_receiver(Script(refusing=[Refusal(Answer(status), containing=b"poison")]))
    bench = sending(r.url)
    texts = [f"{n} poison" if n in (0, 41, 42, 99) else f"{n}" for n in range(100)]
    await bench.open()
    bench.send(*texts)
    await bench.until_confirmed()

    taken = texts_of(r.accepted())
    assert list(dict.fromkeys(taken)) == [text for text in texts if "poison" not in text]
    assert len(taken) <= 97  # the probe behind the last refusal takes a line twice
    assert bench.sender.lines_refused == 4
    assert f"not this one: HTTP {status}" in str(bench.sender.trouble)


async def test_a_receiver_that_takes_only_small_requests_gets_small_ones(
    http_receiver: HttpReceivers, sending: Senders
) -> None:
    r = http_receiver(Script(refusing=[Refusal(Answer(413), frames_over=10)]))
    bench = sending(r.url)
    texts = [str(n) for n in range(100)]
    await bench.open()
    bench.send(*texts)
    await bench.until_confirmed()

    assert texts_of(r.accepted()) == texts
    assert bench.sender.lines_refused == 0


async def test_a_lone_line_that_is_refused_is_not_given_up(
    http_receiver: HttpReceivers, sending: Senders
) -> None:
    r = http_receiver(Script(refusing=[Refusal(Answer(400), containing=b"poison")]))
    bench = sending(r.url)
    await bench.open()
    bench.send("poison")

    assert (
        await bench.until_ended() == "HTTP 400: check that the URL's path takes logs in this format"
    )
    assert bench.sender.lines_refused == 0


async def test_a_receiver_that_refuses_everything_from_now_on_costs_no_line(
    http_receiver: HttpReceivers, sending: Senders
) -> None:
    # The first half is taken; then its owner's plan is used up.
    r = http_receiver(Script([Answer(413), OK], then=Answer(400)))
    bench = sending(r.url)
    await bench.open()
    bench.send("a", "b", "c", "d")

    assert (
        await bench.until_ended() == "HTTP 400: check that the URL's path takes logs in this format"
    )
    assert bench.sender.lines_refused == 0


async def test_the_name_is_checked_with_https(
    http_receiver: HttpReceivers, authority: Authority, sending: Senders
) -> None:
    r = http_receiver(tls=Tls(authority.wrong_name()))
    with pytest.raises(DialError, match="certificate is for another name"):
        await sending(r.url, tls=TlsOptions(ca=authority.pem)).open()


async def test_a_refused_dial_is_told(sending: Senders) -> None:
    with pytest.raises(DialError, match="connection refused"):
        await sending(f"http://127.0.0.1:{free_port()}").open()


async def test_retry_after_is_passed_on(http_receiver: HttpReceivers, sending: Senders) -> None:
    r: HttpReceiver = http_receiver(Script(then=Answer(429, {"Retry-After": "17"})))
    bench: SenderBench = sending(r.url)
    await bench.open()
    bench.send("one")
    await bench.until_ended()
    assert bench.last_error.retry_after_seconds == 17.0


ECHO = Answer(
    401,
    {"Content-Type": "text/html"},
    "<h1>No\u202e</h1>\r\n<script>x()</script>us:p-ss may not: "
    + base64.b64encode(b"us:p-ss").decode()
    + " t0ken abc1 "
    + "x" * 300,
)


@pytest.mark.parametrize("may_quote", [True, False])
async def test_what_a_receiver_says_is_quoted_where_its_address_is_public(
    http_receiver: HttpReceivers,
    sending: Senders,
    monkeypatch: pytest.MonkeyPatch,
    may_quote: bool,
) -> None:
    monkeypatch.setattr(EgressPolicy, "may_quote", lambda *_: may_quote)
    r = http_receiver(Script(then=ECHO))
    url = r.url.replace("://", "://us:p-ss@") + "in?key=t0ken"
    bench = sending(url, headers=(("X-Key", "Token abc1"),))
    await bench.open()
    bench.send("one")

    said = str(await bench.until_ended())

    ours, _, quoted = said.partition("; it says: ")
    assert ours == "HTTP 401: check the user and password in the URL, or the header with the key"
    assert quoted == ("No us:*** may not: *** *** *** " + "x" * 300)[:200] * may_quote


async def test_what_nobody_can_read_is_not_quoted(
    http_receiver: HttpReceivers, sending: Senders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EgressPolicy, "may_quote", lambda *_: True)
    r = http_receiver(Script(then=Answer(500, {"Content-Encoding": "br"}, "packed")))
    bench = sending(r.url)
    await bench.open()
    bench.send("one")

    assert await bench.until_ended() == "HTTP 500"

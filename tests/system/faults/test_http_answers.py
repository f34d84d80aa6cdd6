"""F15: whatever an HTTP receiver answers first, nothing is lost, and it is got over.

Each answer by itself is in tests/integration/drains/test_http_sender.py; here are the whole way
from Kafka, and what a receiver does before it has read a request.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.drains.test_hostile_receivers import serving
from tests.support.broker import Broker
from tests.support.http_receiver import (
    DROP,
    ENDLESS,
    HANG,
    OK,
    RESET,
    Answer,
    Refusal,
    Request,
    Script,
)
from tests.support.judge import judge, new_run
from tests.support.kafka import TopicNames
from tests.support.logplex import parse_request
from tests.support.receiving import HttpReceivers
from tests.support.sender_bench import Senders
from tests.support.shuttle import Shuttle, numbered_events
from tests.support.waiting import wait_until

LINES = 300
STATUSES = (301, 307, 400, 401, 403, 404, 408, 410, 413, 422, 429, 500, 502, 503)
FIRST: dict[str, Answer] = {
    "201": Answer(201),
    "204": Answer(204),
    **{str(status): Answer(status, {"Location": "/elsewhere"}) for status in STATUSES},
    "429after": Answer(429, {"Retry-After": "3"}),
    "long": Answer(503, body_bytes=50_000_000),
    "endless": ENDLESS,
    "drop": DROP,
    "reset": RESET,
    "closes": Answer(200, ending="close"),
    "goes": Answer(200, ending="close_unannounced"),
    "header": Answer(200, {"Content-Security-Policy": "x" * 9_000}),
}
ALWAYS: dict[str, Script] = {
    "large": Script(refusing=[Refusal(RESET, frames_over=50)]),
}


def tags_and_texts(requests: list[Request]) -> list[tuple[str, str]]:
    records = [m.decode() for q in requests for m in parse_request(q.headers, q.body)]
    return [(r.split(" ", 4)[3], r.split(" - - - ", 1)[1].rstrip("\n")) for r in records]


def test_any_first_answer_is_got_over(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, http_receiver: HttpReceivers
) -> None:
    space, run = kafka.create(topic(), partitions=1), new_run()
    scripts = {name: Script([first], then=OK) for name, first in FIRST.items()} | ALWAYS
    receivers = {name: http_receiver(script) for name, script in scripts.items()}
    for number, receiver in enumerate(receivers.values()):
        shuttle.add_drain(f"gold{number}-{space}", receiver.url)
    shuttle.start_worker()
    for number in range(len(receivers)):
        kafka.produce(space, numbered_events(f"gold{number}", run, 0, LINES))

    def missing() -> list[str]:
        return [
            name
            for name, receiver in receivers.items()
            if judge(run, {0: LINES}, tags_and_texts(receiver.accepted())).lost
        ]

    wait_until(lambda: not missing(), 25, "everybody has all lines")

    for name, receiver in receivers.items():
        requests = receiver.requests()
        verdict = judge(run, {0: LINES}, tags_and_texts(receiver.accepted()), drain=name)
        assert verdict.at_least_once, verdict
        assert {request.path for request in requests} == {"/"}, f"{name}: followed"
    waited = receivers["429after"].requests()
    assert waited[1].time - waited[0].time >= 3


@pytest.mark.parametrize("status", [200, 503])
async def test_an_answer_before_the_request_was_read(sending: Senders, status: int) -> None:
    """It counts for what it says; the rest of the request has nowhere to go."""
    over = asyncio.Event()

    async def answer_early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        await over.wait()

    async with serving(answer_early) as port:
        bench = sending(f"http://127.0.0.1:{port}/")
        await bench.open()
        bench.send(*["x" * 1000] * 200)
        await bench.until(lambda: bool(bench.confirmed or bench.ended))
        over.set()

    assert (bench.confirmed, bench.ended) == (
        (["write 1"], []) if status == 200 else ([], ["HTTP 503"])
    )


@pytest.mark.slow
def test_one_that_does_not_answer_is_not_live_between_two_tries(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, http_receiver: HttpReceivers
) -> None:
    space, run = kafka.create(topic(), partitions=1), new_run()
    receiver = http_receiver(Script([HANG, HANG, HANG], then=OK))
    drain = shuttle.add_drain(f"gold-{space}", receiver.url)
    shuttle.start_worker()
    kafka.produce(space, numbered_events("gold", run, 0, LINES))
    seen: list[str] = []

    def state() -> str:
        found: str = shuttle.drain(f"gold-{space}", drain["id"])["state"]
        if found not in seen[-1:]:
            seen.append(found)
        return found

    wait_until(lambda: state() == "live", 90, "it has answered")
    assert seen[-2:] == ["failing", "live"]
    assert set(seen[:-2]) <= {"unknown", "new"}, seen

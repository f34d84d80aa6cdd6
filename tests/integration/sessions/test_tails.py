"""Tails of one process, without the web before them, on a real Kafka."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from events.kafka.records import TopicPartition
from events.keys import AppKey, SiteKey
from sessions_app.tail import tail
from sessions_app.tail.live.blocks import LineSlice
from sessions_app.tail.live.hub import AWAY
from sessions_app.tail.live.mailbox import StreamNotice
from sessions_app.tail.past.turns import SEATS
from sessions_app.tail.session import Selection, Session
from sessions_app.tail.signer import UNSIGNED, Signer
from sessions_app.tail.tail import BacklogEnd, Bye, Event, Ping
from sessions_app.tail.tails import Tails
from sessions_app.tail.tokens import base_of, live_suffix, topics_in_order
from tests.support.broker import Broker
from tests.support.kafka import TopicNames
from tests.support.tailing import event_now
from tests.support.waiting import until

NO_KAFKA = "127.0.0.1:1"


SIGNER = Signer([b"key"], "digest", [])


async def nobody(names: Collection[str]) -> Collection[str]:
    return ()


@asynccontextmanager
async def tailing(bootstrap: str) -> AsyncIterator[Tails]:
    made = Tails({"bootstrap.servers": bootstrap}, idle_seconds=60, revoked=nobody)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
def space(kafka: Broker, topic: TopicNames) -> str:
    name = kafka.create(topic(), partitions=1)
    kafka.produce(name, [event_now("old")])
    return name


def session(space: str, *, lives_seconds: float = 60, lines: int = 10) -> Session:
    ends_at = time.time() + lives_seconds
    return Session("digest", Selection(AppKey("gold", space)), lines, True, ends_at)


async def next_of(kind: type, events: AsyncGenerator[list[Event]]) -> list[Event]:
    """What comes up to the first of this kind."""
    seen: list[Event] = []
    async for batch in events:
        seen += batch
        if any(isinstance(event, kind) for event in batch):
            return seen
    raise AssertionError(f"no {kind.__name__} among {seen}")


def token_of(piece: LineSlice, index: int) -> str:
    """As a viewer gets it."""
    block = piece.block
    return block.token(index).replace(UNSIGNED, SIGNER.signature(block.base_bytes).decode())


def texts(events: list[Event]) -> list[str]:
    pieces = [event for event in events if isinstance(event, LineSlice)]
    return [piece.block.lines[index].text for piece in pieces for index in piece.indices]


async def test_a_session_ends_when_its_time_is_over(kafka: Broker, space: str) -> None:
    async with tailing(kafka.bootstrap) as tails:
        events = tails.events(session(space, lives_seconds=1), SIGNER, None, "text")
        seen = await next_of(Bye, events)
        await events.aclose()

        assert texts(seen) == ["old"]
        assert seen[-1] == Bye("over")
        assert len(tails) == 0


async def test_a_heartbeat_is_a_place_to_go_on_from(
    kafka: Broker, space: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tailing(kafka.bootstrap) as tails:
        monkeypatch.setattr(tail, "HEARTBEAT_SECONDS", 0.3)
        first = tails.events(session(space), SIGNER, None, "text")
        await next_of(BacklogEnd, first)  # a heartbeat before it has no place yet
        seen = await next_of(Ping, first)
        await first.aclose()
        kafka.produce(space, [event_now("between")])

        token = seen[-1].token if isinstance(seen[-1], Ping) else None
        again = tails.events(session(space), SIGNER, token, "text")
        assert texts(await next_of(BacklogEnd, again)) == ["between"]
        await again.aclose()


@pytest.mark.parametrize(("seen", "in_a_record"), [(0, 1), (1, 1), (1, 3)])
async def test_a_reader_that_is_cut_off_twice_gets_no_line_twice(
    seen: int, in_a_record: int, kafka: Broker, topic: TopicNames
) -> None:
    """After any line, though it had seen some of another partition when it was cut off before."""
    space = kafka.create(topic(), partitions=2)
    for partition in (0, 1):
        lines = [event_now(f"{partition}-{number}") for number in range(6)]
        records = [b"".join(lines[at : at + in_a_record]) for at in range(0, 6, in_a_record)]
        kafka.produce(space, records, partition=partition)
    begin = {TopicPartition(space, partition): 0 for partition in (0, 1)}
    key = session(space).selection.key
    topics = topics_in_order(key)
    base = base_of(topics, begin)
    first = f"{SIGNER.signed(base)}{live_suffix(topics, TopicPartition(space, seen))}3"
    unseen = {f"{p}-{n}" for p in (0, 1) for n in range(6)} - {f"{seen}-{n}" for n in range(4)}
    async with tailing(kafka.bootstrap) as tails:

        async def lines_since(token: str) -> list[tuple[str, str]]:
            """Texts, each with the token of who has seen it."""
            events = tails.events(session(space), SIGNER, token, "text")
            pieces = [e for e in await next_of(BacklogEnd, events) if isinstance(e, LineSlice)]
            await events.aclose()
            return [(p.block.lines[i].text, token_of(p, i)) for p in pieces for i in p.indices]

        once = await lines_since(first)
        assert sorted(text for text, _ in once) == sorted(unseen)
        for count, (_, token) in enumerate(once, start=1):
            before = [text for text, _ in once[:count]]
            after = [text for text, _ in await lines_since(token)]
            assert sorted(before + after) == sorted(unseen), f"cut off after {before}"


async def test_a_topic_that_is_made_anew_is_read_from_its_beginning(
    kafka: Broker, space: str
) -> None:
    async with tailing(kafka.bootstrap) as tails:
        events = tails.events(session(space), SIGNER, None, "text")
        await next_of(BacklogEnd, events)
        kafka.delete([space])
        await until(lambda: not kafka.partitions(space), 20, "the topic is gone")
        again = Broker(kafka.bootstrap)
        again.create(space, partitions=1)
        again.produce(space, [event_now("anew")])

        assert texts(await next_of(LineSlice, events)) == ["anew"]
        await events.aclose()


@pytest.mark.parametrize(
    "selection",
    [
        Selection(SiteKey("www.gold.example"), processes=frozenset({"web"})),
        Selection(AppKey("gold", "gs"), frozenset({"router"}), frozenset({"web"})),
    ],
)
async def test_where_no_line_can_pass_it_is_silent(selection: Selection) -> None:
    """No topic is read, so none can be refused: it is no matter of Kafka's."""
    async with tailing(NO_KAFKA) as tails:
        for token in (None, f"{SIGNER.signed(base_of(topics_in_order(selection.key), {}))}.b0"):
            quiet = Session("digest", selection, 10, True, time.time() + 1)
            events = tails.events(quiet, SIGNER, token, "text")
            assert await next_of(Bye, events) == [BacklogEnd(), Bye("over")]
            await events.aclose()


async def test_without_kafka_it_says_so_and_ends_as_ever() -> None:
    async with tailing(NO_KAFKA) as tails:
        events = tails.events(session("gs", lives_seconds=6), SIGNER, None, "text")

        assert await next_of(StreamNotice, events) == [AWAY]
        assert await next_of(Bye, events) == [Bye("over")]
        await events.aclose()


async def test_those_who_come_while_the_process_ends_are_told(kafka: Broker, space: str) -> None:
    async with tailing(kafka.bootstrap) as tails:
        await tails.say_goodbye(grace_seconds=1)
        events = tails.events(session(space), SIGNER, None, "text")
        assert await next_of(Bye, events) == [Bye("shutdown")]
        await events.aclose()


async def test_however_many_come_at_once_kafka_is_asked_a_few_times(
    kafka: Broker, topic: TopicNames, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each question of a reader waits for a fetch: one a viewer made the last one wait for all."""
    many = 24
    spaces = [kafka.create(topic(), partitions=1) for _ in range(many)]
    for space in spaces:
        kafka.produce(space, [event_now("old")])
    questions: Counter[str] = Counter()
    for name in ("describe_topics", "list_offsets"):
        monkeypatch.setattr(AdminClient, name, counted(getattr(AdminClient, name), questions, name))
    requests: dict[str, Counter[str]] = {}

    def told(text: str) -> None:
        """By librdkafka, each client of itself."""
        about = json.loads(text)
        total = requests[about["name"]] = Counter()
        for broker in about["brokers"].values():
            total.update(broker["req"])

    conf: Any = {
        "bootstrap.servers": kafka.bootstrap,
        "statistics.interval.ms": "100",
        "stats_cb": told,
        # What is asked again and again as time goes by is not counted here.
        "topic.metadata.refresh.interval.ms": "600000",
    }
    made = Tails(conf, idle_seconds=60, revoked=nobody)
    try:
        opened = [made.events(session(space), SIGNER, None, "text") for space in spaces]
        seen = await asyncio.gather(*(next_of(BacklogEnd, events) for events in opened))
        assert [texts(of) for of in seen] == [["old"]] * many
        await until(lambda: any(of["Fetch"] for of in requests.values()), 10, "figures")
        for events in opened:
            await events.aclose()
    finally:
        await made.close()
    # Two rounds of: what may be read, the hub's topics and their ends, the oldest records.
    assert questions.total() <= 12, questions
    asked = sum((Counter(of) for of in requests.values()), Counter[str]())
    assert asked["Metadata"] + asked["ListOffsets"] <= 4 * (1 + SEATS), requests


def counted(method: Any, counts: Counter[str], name: str) -> Any:
    def call(*args: Any, **options: Any) -> Any:
        counts[name] += 1
        return method(*args, **options)

    return call

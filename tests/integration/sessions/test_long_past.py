"""All of an app's lines since a moment, and very many of its last ones, on a real Kafka."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from events.keys import AppKey
from sessions_app.tail.live.blocks import LineSlice
from sessions_app.tail.live.mailbox import Earlier, Nothing, StreamNotice
from sessions_app.tail.past import stretch
from sessions_app.tail.past.limits import PAST_LIMITS, PastLimits
from sessions_app.tail.session import Selection, Session
from sessions_app.tail.tail import BacklogEnd, Bye, Event
from sessions_app.tail.tails import Tails
from tests.integration.sessions.test_tails import SIGNER, next_of, nobody, texts, token_of
from tests.support.broker import Broker
from tests.support.kafka import TopicNames
from tests.support.records import kubernetes_event
from tests.support.tailing import event_now

MINUTES = 20
LINES_A_MINUTE = 40
PARTITIONS = 3


class Past:
    """A space whose app `gold` has written so many lines a minute, to any partition, among the
    lines of others; each of its texts is its number. Kafka's time is that of the minute's begin."""

    def __init__(self, kafka: Broker, space: str) -> None:
        self.space = kafka.create(space, partitions=PARTITIONS)
        self.begins = int(time.time()) - MINUTES * 60
        self.count = MINUTES * LINES_A_MINUTE
        chance = random.Random(7)
        for minute in range(MINUTES):
            values: list[list[bytes]] = [[] for _ in range(PARTITIONS)]
            for number in range(minute * LINES_A_MINUTE, (minute + 1) * LINES_A_MINUTE):
                at = self.begins + number * 60 / LINES_A_MINUTE
                written = datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
                values[chance.randrange(PARTITIONS)] += [
                    kubernetes_event(str(number), container="gold", pod="gold-1", time=written),
                    kubernetes_event("other", container="bold", pod="bold-1", time=written),
                ]
            for partition, some in enumerate(values):
                stamp = round(self.minute(minute) * 1000)
                kafka.produce(self.space, some, partition=partition, timestamp_ms=stamp)

    def minute(self, number: int) -> float:
        return self.begins + number * 60.0

    def of(self, first: int = 0, end: int = MINUTES) -> list[str]:
        """What was written in these minutes."""
        return [str(number) for number in range(first * LINES_A_MINUTE, end * LINES_A_MINUTE)]

    def session(self, since: int | None = 0, until: int | None = None, **asked: Any) -> Session:
        key = AppKey("gold", self.space)
        whole = Session("digest", Selection(key), None, tail=False, ends_at=time.time() + 60)
        begin = None if since is None else self.minute(since)
        end = None if until is None else self.minute(until)
        return replace(whole, since=begin, until=end, **asked)


@pytest.fixture
def past(kafka: Broker, topic: TopicNames) -> Past:
    return Past(kafka, topic())


@asynccontextmanager
async def tailing(kafka: Broker, limits: PastLimits) -> AsyncIterator[Tails]:
    settings = {"bootstrap.servers": kafka.bootstrap}
    made = Tails(settings, idle_seconds=60, revoked=nobody, limits=limits)
    try:
        yield made
    finally:
        await made.close()


async def read(
    kafka: Broker, session: Session, token: str | None = None, limits: PastLimits = PAST_LIMITS
) -> list[Event]:
    """All that one viewer is told."""
    async with tailing(kafka, limits) as tails:
        return await next_of(Bye, tails.events(session, SIGNER, token, "text"))


@pytest.mark.parametrize(("since", "until"), [(0, None), (7, None), (7, 11), (None, 3), (19, None)])
async def test_all_since_a_moment_comes_by_its_time(
    since: int | None, until: int | None, kafka: Broker, past: Past
) -> None:
    seen = await read(kafka, past.session(since, until))

    assert texts(seen) == past.of(since or 0, until or MINUTES)
    assert [type(event) for event in seen if not isinstance(event, LineSlice)] == [BacklogEnd, Bye]


async def test_live_lines_follow_without_a_seam(kafka: Broker, past: Past) -> None:
    async with tailing(kafka, PAST_LIMITS) as tails:
        events = tails.events(past.session(15, tail=True), SIGNER, None, "text")
        assert texts(await next_of(BacklogEnd, events)) == past.of(15)
        kafka.produce(past.space, [event_now("live")])
        assert texts(await next_of(LineSlice, events)) == ["live"]
        await events.aclose()


async def test_who_was_cut_off_goes_on_behind_any_line(
    kafka: Broker, past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stretch, "FIRST_RECORDS", 200)
    session = past.session(10)
    whole = [event for event in await read(kafka, session) if isinstance(event, LineSlice)]
    lines = [(each.block.lines[i].text, token_of(each, i)) for each in whole for i in each.indices]
    assert len(whole) > 2
    for count in (1, 39, 40, 41, 77, len(lines) - 1, len(lines)):
        rest = texts(await read(kafka, session, lines[count - 1][1]))
        assert rest == past.of(10)[count:], count


@pytest.mark.parametrize("lines", [None, 600])
async def test_what_is_too_much_at_once_comes_in_parts(
    lines: int | None, kafka: Broker, past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stretch, "FIRST_RECORDS", 100)
    monkeypatch.setattr(stretch, "GROWTH", 1)
    monkeypatch.setattr("sessions_app.tail.past.history.HELD_LINES_MAX", 500)
    session, token, found, parts = past.session(lines=lines), None, list[str](), 0
    while True:
        seen = await read(
            kafka, session, token, PastLimits(bytes=50_000 if lines is None or token else 500_000)
        )
        found += texts(seen)
        bye, stops = seen[-1], [each for each in seen if isinstance(each, StreamNotice)]
        assert isinstance(bye, Bye)
        if not stops:
            break
        assert "no more is read at once" in stops[0].reason
        assert bye.token == stops[0].token
        token, parts = bye.token, parts + 1
    assert found == past.of()[-(lines or 0) :]
    assert (2 if lines is None else 0) <= parts < 20


@pytest.mark.parametrize("count", [1, 500, 700, 900])
async def test_very_many_of_the_last_lines(
    count: int, kafka: Broker, past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions_app.tail.past.history.HELD_LINES_MAX", 100)
    seen = await read(kafka, past.session(None, lines=count))

    assert texts(seen) == past.of()[-count:]


@pytest.mark.parametrize("count", [1, 7, 40, 333])
@pytest.mark.parametrize("at_once", [1, 9], ids=["apart", "of one time"])
async def test_who_loads_older_lines_gets_each_once(
    count: int, at_once: int, kafka: Broker, topic: TopicNames
) -> None:
    """`at_once`: so many lines are of one time."""
    space, chance = kafka.create(topic(), partitions=PARTITIONS), random.Random(3)
    values: list[list[bytes]] = [[] for _ in range(PARTITIONS)]
    expected: dict[int, list[list[str]]] = {}
    for number in range(300):
        second = number // at_once
        written = datetime.fromtimestamp(1_700_000_000 + second, UTC)
        partition = chance.randrange(PARTITIONS)
        stamp = written.isoformat().replace("+00:00", "Z")
        values[partition].append(kubernetes_event(str(number), container="gold", time=stamp))
        expected.setdefault(second, [[] for _ in range(PARTITIONS)])[partition].append(str(number))
    for partition, some in enumerate(values):
        kafka.produce(space, some, partition=partition)
    session = Session("digest", Selection(AppKey("gold", space)), count, False, time.time() + 60)

    found: list[str] = []
    token, reads = None, 0
    async with tailing(kafka, PAST_LIMITS) as tails:
        while True:
            seen = await next_of(Bye, tails.events(session, SIGNER, token, "text"))
            found, reads = texts(seen) + found, reads + 1
            earlier = [event for event in seen if isinstance(event, Earlier)]
            if not earlier or reads > 40:
                break
            token = earlier[0].token

    whole = [text for parts in expected.values() for part in parts for text in part]
    assert found == (whole if count > 7 else whole[-count * reads :])
    assert reads == (-(-300 // count) if count > 7 else 41)


async def test_lines_of_one_moment_and_of_the_future(
    kafka: Broker, topic: TopicNames, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stamps that tell nothing: windows are cut by records then."""
    monkeypatch.setattr(stretch, "FIRST_RECORDS", 50)
    monkeypatch.setattr(stretch, "RECORDS_MAX", 50)
    space = kafka.create(topic(), partitions=2)
    now = int(time.time())
    stamps = [now - 100, now - 100, now + 3600, now - 50, now - 40]
    for number, stamp in enumerate(stamps):
        values = [event_now(f"{number}.{each}") for each in range(100)]
        kafka.produce(space, values, partition=number % 2, timestamp_ms=stamp * 1000)
    key = AppKey("gold", space)
    session = Session("digest", Selection(key), None, False, time.time() + 60, since=now - 200)

    seen = await read(kafka, session)

    assert sorted(texts(seen)) == sorted(f"{n}.{each}" for n in range(5) for each in range(100))


@pytest.mark.parametrize("is_there", [True, False])
async def test_an_app_that_nobody_knows(is_there: bool, kafka: Broker, topic: TopicNames) -> None:
    space = topic()
    if is_there:
        kafka.create(space, partitions=1)
        kafka.produce(space, [event_now("other", "bold")])
    session = Session("digest", Selection(AppKey("gold", space)), 10, False, time.time() + 60)

    seen = await read(kafka, session)

    nothing = [event for event in seen if isinstance(event, Nothing)]
    assert len(nothing) == 1
    if is_there:  # topics of all apps may have older ones, of other tests
        assert nothing[0].since_ms is not None
        assert nothing[0].since_ms <= time.time() * 1000

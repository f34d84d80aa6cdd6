"""Crowds and floods before one process's tails: what they cost all others, in turns and bytes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator

import pytest

from events.keys import AppKey
from events.topics import BUILD
from sessions_app.tail.live.mailbox import StreamNotice
from sessions_app.tail.past.history import History
from sessions_app.tail.past.limits import CUT
from sessions_app.tail.past.turns import SEATS_OF_AN_OWNER, Turns
from sessions_app.tail.session import Selection, Session
from sessions_app.tail.tail import BacklogEnd, Event
from sessions_app.tail.tails import Tails
from tests.integration.sessions.test_tails import SIGNER, next_of, tailing, texts
from tests.support.broker import Broker
from tests.support.kafka import OwnKafka, TopicNames
from tests.support.loop_turns import watched_turns
from tests.support.tailing import event_now

TURN_SECONDS_MAX = 0.05
LOUD, LOUD_BYTES = 40, 900_000


def session(app: str, space: str, name: str, text: str = "") -> Session:
    return Session(name, Selection(AppKey(app, space), text=text), 100, True, time.time() + 60)


def opened(tails: Tails, of: Session) -> AsyncGenerator[list[Event]]:
    return tails.events(of, SIGNER, None, "socket")


async def backlog(tails: Tails, of: Session) -> list[Event]:
    events = opened(tails, of)
    seen = await next_of(BacklogEnd, events)
    await events.aclose()
    return seen


async def test_a_crowd_shares_look_backs_and_leaves_seats_to_others(
    kafka: Broker, topic: TopicNames, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty readers of an app that is silent in a busy space: each wants all that may be read."""
    busy, calm = (kafka.create(topic(), partitions=1) for _ in range(2))
    kafka.produce(busy, [event_now("old")] + [event_now("x" * 150, "else")] * 10_000)
    kafka.produce(calm, [event_now("calm", "other")])
    read, most, took = 0, 0, Turns.take
    look_back = History._look_back

    async def counted(*args: object, **options: object) -> object:
        nonlocal read
        read += 1
        return await look_back(*args, **options)  # type: ignore[arg-type]

    async def watched(turns: Turns, reader: object) -> None:
        nonlocal most
        await took(turns, reader)  # type: ignore[arg-type]
        most = max(most, turns.seated)

    monkeypatch.setattr(History, "_look_back", counted)
    monkeypatch.setattr(Turns, "take", watched)
    async with tailing(kafka.bootstrap) as tails:
        with watched_turns() as turns:
            crowd = [session("gold", busy, f"digest {n % 2}") for n in range(40)]
            seen = await asyncio.gather(*(backlog(tails, each) for each in crowd))
            assert [texts(each) for each in seen] == [["old"]] * 40
            assert read <= 4
            assert most <= SEATS_OF_AN_OWNER
            assert turns.longest_seconds < TURN_SECONDS_MAX, str(turns)

            many = [session("gold", busy, "digest", text=f"{n}") for n in range(20)]
            waiting = [asyncio.create_task(backlog(tails, each)) for each in many]
            assert texts(await backlog(tails, session("other", calm, "other"))) == ["calm"]
            assert not all(task.done() for task in waiting)
            for task in waiting:
                task.cancel()
            await asyncio.wait(waiting)
        assert turns.longest_seconds < TURN_SECONDS_MAX, str(turns)
        assert not tails.shared.readers.turns.seated


async def test_large_build_lines_of_one_app_leave_all_others_theirs(own_kafka: OwnKafka) -> None:
    kafka = Broker(own_kafka().bootstrap)
    kafka.create("gs", partitions=1)
    kafka.create(BUILD.topic, partitions=1)
    kafka.produce("gs", [event_now(f"{n}") for n in range(50)])
    loud = [built("loud-gs", f"{n:3}" + "x" * LOUD_BYTES) for n in range(LOUD)]
    kafka.produce(BUILD.topic, [built("gold-gs", "built"), *loud, built("gold-gs", "anew")])

    async with tailing(kafka.bootstrap) as tails:
        with watched_turns() as turns:
            mine = await backlog(tails, session("gold", "gs", "gold"))
            theirs = await backlog(tails, session("loud", "gs", "loud"))
            live = opened(tails, session("gold", "gs", "live"))
            await next_of(BacklogEnd, live)
            kafka.produce(BUILD.topic, loud[:10])
            kafka.produce(BUILD.topic, [built("gold-gs", "live")])
            seen: list[Event] = []
            while texts(seen) != ["live"]:
                seen += await anext(live)
            await live.aclose()

    assert texts(mine) == [*(f"{n}" for n in range(50)), "anew"]
    assert notices(mine) == notices(theirs) == [CUT]
    newest = [int(text[:3]) for text in texts(theirs)]
    assert newest == list(range(LOUD))[-len(newest) :]
    assert turns.longest_seconds < TURN_SECONDS_MAX, str(turns)


def notices(events: list[Event]) -> list[StreamNotice]:
    return [event for event in events if isinstance(event, StreamNotice)]


def built(app: str, text: str) -> bytes:
    return json.dumps({"build": 1, "job": "test", "message": text, "metadata": app}).encode()

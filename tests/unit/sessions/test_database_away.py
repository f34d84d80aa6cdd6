"""Readers while the database is away: said once, by whoever meets it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from typing import Any
from unittest.mock import AsyncMock

import psycopg2
import pytest

from events.database_trouble import Troubles
from events.keys import SiteKey
from sessions_app import sockets
from sessions_app.sockets import TailConsumer
from sessions_app.tail import tails
from sessions_app.tail.session import Selection, Session
from sessions_app.tail.signer import Signer
from sessions_app.tail.tails import Tails
from tests.support.waiting import until

AWAY = psycopg2.OperationalError("the server closed\n\tthe connection")
SAID = ["The database is away: the server closed the connection"]
SITE = Selection(SiteKey("www.gold.example"), processes=frozenset({"web"}))
"""Of which no line can pass: Kafka is not asked."""


async def test_who_was_revoked_is_asked_again_and_again_and_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    times = 0

    async def revoked(names: Collection[str]) -> Collection[str]:
        nonlocal times
        times += 1
        raise AWAY

    async def read() -> None:
        session = Session("digest", SITE, 10, True, time.time() + 60)
        async for _ in made.events(session, Signer([b"key"], "digest", []), None, "text"):
            pass

    monkeypatch.setattr(tails, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(tails, "troubles", Troubles())
    made = Tails({"bootstrap.servers": "127.0.0.1:1"}, idle_seconds=60, revoked=revoked)
    reading = asyncio.create_task(read())
    await until(lambda: times >= 3, 5, "it was asked again")
    reading.cancel()
    await asyncio.wait([reading])
    await made.close()

    assert caplog.messages == SAID


async def test_a_socket_that_is_refused_for_it_says_so_too(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: Any) -> None:
        raise AWAY

    monkeypatch.setattr(sockets, "afind_session", fail)
    monkeypatch.setattr(sockets, "troubles", Troubles())
    for _ in range(2):
        consumer = TailConsumer()
        consumer.scope = {"query_string": b"", "url_route": {"kwargs": {"session_id": "x"}}}
        consumer.close = AsyncMock()
        await consumer.connect()
        consumer.close.assert_awaited_once_with(1013, "the database is away; try again soon")

    assert caplog.messages == SAID

"""Readers of the past are closed, however those end who read by them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from events.keys import AppKey
from sessions_app.tail.past import range_readers
from sessions_app.tail.past.range_readers import RangeReaders
from sessions_app.tail.past.turns import Reader


class FakeReader:
    def __init__(self, _: object) -> None:
        self.is_resting = asyncio.Event()
        self.is_closed = False
        made.append(self)

    async def meet(self, _: object) -> None:
        pass

    async def rest(self) -> None:
        self.is_resting.set()
        await asyncio.Event().wait()

    async def close(self) -> None:
        self.is_closed = True


made: list[FakeReader] = []


async def test_who_leaves_while_their_reader_comes_to_rest_leaves_none_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made.clear()
    monkeypatch.setattr(range_readers, "RangeReader", FakeReader)
    readers: Any = RangeReaders({})

    async def read() -> None:
        async with readers.turn(Reader(AppKey("gold", "gs"), "a"), []):
            pass

    reading = asyncio.create_task(read())
    while not made:
        await asyncio.sleep(0)
    await made[0].is_resting.wait()
    reading.cancel()
    await asyncio.wait([reading])
    await readers.close()

    assert made[0].is_closed

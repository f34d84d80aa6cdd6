"""Whose turn it is to read the past: an owner's crowd leaves seats to others."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Self

from events.keys import AppKey
from sessions_app.tail.past.turns import SEATS, SEATS_OF_AN_OWNER, Reader, Turns


def reader(owner: str, session: str = "") -> Reader:
    return Reader(AppKey(owner, "gs"), f"{owner}-{session}")


class Seats:
    """Readers that wait, and in which order they got their seats."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.served: list[str] = []
        self._tasks: list[tuple[Reader, asyncio.Task[None]]] = []

    async def wait(self, readers: Iterable[Reader]) -> None:
        self._tasks += [(each, asyncio.create_task(self._take(each))) for each in readers]
        await settled()

    async def leave(self, reader: Reader) -> None:
        self.turns.leave(reader)
        await settled()

    def cancel(self, reader: Reader) -> None:
        next(task for each, task in self._tasks if each == reader).cancel()

    async def _take(self, reader: Reader) -> None:
        await self.turns.take(reader)
        self.served.append(reader.session)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for _, task in self._tasks:
            task.cancel()
        await settled()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_an_owner_has_two_seats_however_many_its_sessions_are() -> None:
    async with Seats() as seats:
        await seats.wait(reader("loud", str(number)) for number in range(10))
        assert seats.served == ["loud-0", "loud-1"]

        await seats.wait([reader("quiet")])
        assert seats.served[-1] == "quiet-"


async def test_a_session_has_one_seat_however_many_read_it() -> None:
    async with Seats() as seats:
        await seats.wait([reader("loud", "a")] * 10 + [reader("loud", "b")])
        assert seats.served == ["loud-a", "loud-b"]


async def test_a_seat_goes_to_the_owner_whose_turn_is_longest_ago() -> None:
    async with Seats() as seats:
        crowd = [
            reader(owner, str(n)) for owner in ("loud", "bold") for n in range(SEATS_OF_AN_OWNER)
        ]
        assert len(crowd) == SEATS
        await seats.wait([*crowd, *crowd, reader("quiet"), *crowd])
        seats.served.clear()

        await seats.leave(crowd[0])
        await seats.leave(crowd[1])
        assert "quiet-" in seats.served


async def test_sessions_of_an_owner_take_turns() -> None:
    async with Seats() as seats:
        a, b, c = (reader("loud", name) for name in "abc")
        await seats.wait([a, b, a, a, c])
        for each in (a, a, b, c):
            await seats.leave(each)
        assert seats.served == [f"loud-{name}" for name in "abaca"]


async def test_nobody_leaves_for_one_who_could_not_read_then() -> None:
    async with Seats() as seats:
        await seats.wait(
            [reader("loud", "a"), reader("loud", "b"), reader("loud", "c"), reader("bold")]
        )
        assert seats.turns.is_missed(reader("loud", "a"))
        assert not seats.turns.is_missed(reader("bold"))


async def test_who_goes_away_while_it_waits_or_is_served_takes_no_seat() -> None:
    async with Seats() as seats:
        crowd = [reader(str(number)) for number in range(SEATS)]
        await seats.wait([*crowd, reader("gone"), reader("served"), reader("next")])
        seats.cancel(reader("gone"))
        seats.turns.leave(crowd[0])
        seats.cancel(reader("served"))
        await settled()
        assert seats.served[-1] == "next-"

        for each in [*crowd[1:], reader("next")]:
            await seats.leave(each)
        await seats.wait(crowd)
        assert Counter(seats.served[-SEATS:]) == Counter(each.session for each in crowd)

"""Who asks Kafka while a question is under way asks with the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import pytest

from sessions_app.tail.past.survey import Together


class Slow:
    """Answers with what it was asked for, when it may."""

    def __init__(self) -> None:
        self.asked: list[set[str]] = []
        self.may_answer = asyncio.Event()
        self.fault: Exception | None = None

    async def answer(self, items: Collection[str]) -> frozenset[str]:
        self.asked.append(set(items))
        await self.may_answer.wait()
        if self.fault is not None:
            raise self.fault
        return frozenset(items)


async def once_all_wait() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_all_who_come_while_one_is_asked_for_are_asked_for_together() -> None:
    kafka = Slow()
    together: Together[str, frozenset[str]] = Together(kafka.answer)
    first = asyncio.create_task(together.ask(["a"]))
    await once_all_wait()
    others = [asyncio.create_task(together.ask([name, "z"])) for name in "bcd"]
    await once_all_wait()
    assert kafka.asked == [{"a"}]
    kafka.may_answer.set()

    assert await first == {"a"}
    assert await asyncio.gather(*others) == [frozenset("bcdz")] * 3
    assert kafka.asked == [{"a"}, set("bcdz")]


async def test_one_who_leaves_takes_no_answer_from_the_others() -> None:
    kafka = Slow()
    together: Together[str, frozenset[str]] = Together(kafka.answer)
    leaving, staying = (asyncio.create_task(together.ask([name])) for name in "ab")
    await once_all_wait()
    leaving.cancel()
    await asyncio.wait({leaving})
    kafka.may_answer.set()
    assert await staying == {"a", "b"}


async def test_what_went_wrong_is_told_to_all_and_not_to_who_asks_next() -> None:
    kafka = Slow()
    together: Together[str, frozenset[str]] = Together(kafka.answer)
    both = [asyncio.create_task(together.ask([name])) for name in "ab"]
    kafka.fault = ValueError("away")
    kafka.may_answer.set()
    for task in both:
        with pytest.raises(ValueError, match="away"):
            await task
    kafka.fault = None
    assert await together.ask(["c"]) == {"c"}


async def test_closing_it_ends_what_is_under_way() -> None:
    kafka = Slow()
    together: Together[str, frozenset[str]] = Together(kafka.answer)
    waiting = asyncio.create_task(together.ask(["a"]))
    await once_all_wait()
    await together.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting

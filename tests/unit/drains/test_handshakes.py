"""Two handshakes are worked on at a time, and those who wait come in their owners' turn."""

from __future__ import annotations

import asyncio

from drains.delivery.network.handshakes import AT_ONCE, Handshakes


class Bench:
    def __init__(self) -> None:
        self.handshakes = Handshakes()
        self.begun: list[str] = []
        self._over: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, owner: str, *names: str) -> None:
        for name in names:
            self._over[name] = asyncio.Event()
            self._tasks[name] = asyncio.create_task(self._work(owner, name))
            await asyncio.sleep(0)

    async def end(self, name: str) -> None:
        self._over[name].set()
        await self._tasks[name]
        await asyncio.sleep(0)

    def cancel(self, name: str) -> None:
        self._tasks[name].cancel()

    async def _work(self, owner: str, name: str) -> None:
        async with self.handshakes._turn(owner):
            self.begun.append(name)
            await self._over[name].wait()


async def test_owners_take_turns() -> None:
    bench = Bench()
    await bench.ask("loud", *"abcd")
    await bench.ask("quiet", "x", "y")
    assert len(bench.begun) == AT_ONCE
    for name in "abcxdy":
        await bench.end(name)
    assert bench.begun == list("abcxdy")


async def test_who_gives_up_leaves_the_turn_to_others() -> None:
    bench = Bench()
    await bench.ask("one", *"abcd")
    await bench.ask("two", "x")
    bench.cancel("c")
    await bench.end("a")
    assert bench.begun == ["a", "b", "x"]
    bench.cancel("b")  # while it is at work
    await asyncio.sleep(0)
    for name in "xd":
        await bench.end(name)
    await bench.ask("one", *"ef")
    assert bench.begun == list("abxdef")
    for name in "ef":
        await bench.end(name)

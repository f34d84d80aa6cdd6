"""What connections say is heard a piece at a time, by owners in turn, and for so long in a turn."""

from __future__ import annotations

import asyncio
from functools import partial

from drains.delivery.network.reading import TURN_SECONDS, Turns

LONG_SECONDS = TURN_SECONDS * 1.5


class Bench:
    """Each piece of work takes as long as it says, on a clock of its own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.turns = Turns(lambda: self.now)
        self.done: list[str] = []

    def take(self, owner: str, seconds: float, name: str = "") -> bool:
        return self.turns.take(owner, partial(self._work, name or owner, seconds))

    async def turn(self) -> list[str]:
        """What is done in the loop's next turn."""
        before = len(self.done)
        await asyncio.sleep(0)
        return self.done[before:]

    def _work(self, name: str, seconds: float) -> None:
        self.now += seconds
        self.done.append(name)


async def test_what_is_quick_is_done_at_once() -> None:
    bench = Bench()
    assert all(bench.take(f"app{number}", TURN_SECONDS / 200) for number in range(100))
    assert len(bench.done) == 100


async def test_a_turn_ends_with_the_piece_that_uses_it_up() -> None:
    bench = Bench()
    taken = [bench.take("app", TURN_SECONDS * 0.9) for _ in range(5)]
    assert taken == [True, True, False, False, False]
    assert [len(await bench.turn()) for _ in range(3)] == [2, 1, 0]


async def test_the_next_turn_begins_with_a_share_of_its_own() -> None:
    bench = Bench()
    assert bench.take("app", LONG_SECONDS)
    await bench.turn()
    assert bench.take("app", LONG_SECONDS)


async def test_one_with_much_to_say_waits_behind_all_others() -> None:
    bench = Bench()
    bench.take("loud", LONG_SECONDS)
    for number in range(3):
        assert not bench.take("loud", LONG_SECONDS, f"loud {number}")
    for owner in ("quiet", "low"):
        assert not bench.take(owner, LONG_SECONDS)
    turns = [await bench.turn() for _ in range(5)]
    assert turns == [["loud 0"], ["quiet"], ["low"], ["loud 1"], ["loud 2"]]


async def test_who_comes_while_others_wait_waits_too() -> None:
    bench = Bench()
    bench.take("one", LONG_SECONDS)
    bench.take("two", LONG_SECONDS)
    bench.take("two", LONG_SECONDS)
    await bench.turn()
    assert not bench.take("three", 0)

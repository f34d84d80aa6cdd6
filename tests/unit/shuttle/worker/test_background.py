"""Side tasks, and what they die of."""

from __future__ import annotations

import asyncio
import traceback

import pytest

from shuttle.worker.background import BackgroundTasks


async def die() -> None:
    await asyncio.sleep(0)
    raise KeyError(55)


async def watched(tasks: BackgroundTasks) -> None:
    """As a worker does it."""
    try:
        await tasks.watch(asyncio.Event())
    finally:
        await tasks.cancel()


async def test_what_a_chore_died_of_says_where_also_when_the_others_are_ended() -> None:
    tasks = BackgroundTasks()
    tasks.start("dies", die())
    tasks.start("lasts", asyncio.Event().wait())

    with pytest.raises(KeyError) as raised:
        await watched(tasks)

    assert "die" in [frame.name for frame in traceback.extract_tb(raised.value.__traceback__)]

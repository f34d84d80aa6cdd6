"""What a reader who is slow loses, and that it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from events.keys import AppKey
from events.lines import LogLine, Origin, Severity
from sessions_app.tail.live.blocks import Block, LineSlice
from sessions_app.tail.live.mailbox import ALL_BYTES, Mailbox, Share, Skipped, StreamNotice
from sessions_app.tail.session import Selection
from sessions_app.tail.signer import UNSIGNED

GOLD = AppKey("gold", "gs")
WEB = Origin(GOLD, "web.1", "app", "web")
WORKER = Origin(GOLD, "worker.1", "app", "worker")
ROUTER = Origin(GOLD, "akkeris/router", "router")
TIME = "2026-01-31T12:00:00Z"
LONG_SECONDS = 60.0


def block(*texts: str, origin: Origin = WEB, severity: Severity = Severity.INFO) -> LineSlice:
    lines = [LogLine(origin, TIME, severity, text) for text in texts]
    return LineSlice.whole(Block(lines, lambda: "base", ".l0.0."))


def texts(items: Sequence[object]) -> list[str]:
    pieces = [item for item in items if isinstance(item, LineSlice)]
    return [piece.block.lines[index].text for piece in pieces for index in piece.indices]


async def test_all_that_has_come_is_taken_at_once_and_in_order() -> None:
    box = Mailbox(Selection(GOLD))
    box.put(block("a", "b"))
    box.tell(StreamNotice("why"))
    box.put(block("c"))

    items = [*await box.take(LONG_SECONDS)]

    assert texts(items) == ["a", "b", "c"]
    assert items[1] == StreamNotice("why")
    assert await box.take(0.001) == []


async def test_a_full_box_drops_the_oldest_and_counts_them() -> None:
    box = Mailbox(Selection(GOLD), lines_max=3)
    for texts_of_one in (("a", "b"), ("c",), ("d", "e")):
        box.put(block(*texts_of_one))

    items = [*await box.take(LONG_SECONDS)]

    assert items[0] == Skipped(2)
    assert texts(items) == ["c", "d", "e"]


async def test_a_box_is_bounded_in_bytes_too() -> None:
    box = Mailbox(Selection(GOLD), Share(2_000))
    for _ in range(10):
        box.put(block("x" * 800))

    items = [*await box.take(LONG_SECONDS)]

    assert (items[0], len(texts(items))) == (Skipped(8), 2)


async def test_the_more_apps_are_read_the_less_waits_for_each_viewer() -> None:
    share = Share()
    box = Mailbox(Selection(GOLD), share)
    share.among(ALL_BYTES // 2_000)
    for _ in range(10):
        box.put(block("x" * 800))
    share.among(1)
    box.put(block("y"))

    items = [*await box.take(LONG_SECONDS)]

    assert (items[0], len(texts(items))) == (Skipped(8), 3)


async def test_lines_that_nobody_waits_for_are_not_kept_for_those_who_wait_for_others() -> None:
    box = Mailbox(Selection(GOLD, text="b"))
    whole = block("abc", "x", "b", "y")
    box.put(whole)

    (piece,) = await box.take(LONG_SECONDS)

    assert isinstance(piece, LineSlice)
    assert [line.text for line in piece.block.lines] == ["abc", "b"]
    tokens = [piece.block.token(index) for index in piece.indices]
    assert tokens == [whole.block.token(index) for index in (0, 2)]


async def test_what_fits_no_box_comes_even_so() -> None:
    """A reader who is quick enough loses nothing."""
    box = Mailbox(Selection(GOLD), Share(2_000))
    box.put(block("x" * 5_000))
    assert len(texts([*await box.take(LONG_SECONDS)])) == 1


@pytest.mark.parametrize(
    ("selection", "wanted"),
    [
        (Selection(GOLD), ["Web", "worker", "router", "failed"]),
        (Selection(GOLD, sources=frozenset({"router"})), ["router"]),
        (Selection(GOLD, processes=frozenset({"worker"})), ["worker"]),
        (Selection(GOLD, streams=frozenset({"stderr"})), ["failed"]),
        (Selection(GOLD, text="W"), ["Web", "worker"]),
    ],
)
async def test_only_what_is_wanted_comes_in(selection: Selection, wanted: list[str]) -> None:
    box = Mailbox(selection)
    box.put(block("Web"))
    box.put(block("worker", origin=WORKER))
    box.put(block("router", origin=ROUTER))
    box.put(block("failed", severity=Severity.ERROR))

    items = [*await box.take(LONG_SECONDS)]
    assert texts(items) == wanted


async def test_who_waits_is_woken_by_lines_and_by_the_end() -> None:
    box = Mailbox(Selection(GOLD))
    taking = asyncio.create_task(box.take(LONG_SECONDS))
    await asyncio.sleep(0)
    box.put(block("a"))
    assert texts([*await taking]) == ["a"]

    taking = asyncio.create_task(box.take(LONG_SECONDS))
    await asyncio.sleep(0)
    box.end("revoked")
    assert await taking == []
    box.end("shutdown")
    assert box.ended == "revoked"
    assert box.over.done()


async def test_a_limit_that_comes_nearer_is_kept_to() -> None:
    box = Mailbox(Selection(GOLD))
    taking = asyncio.create_task(box.take(LONG_SECONDS))
    await asyncio.sleep(0)
    box.put(block("a"))
    await taking
    async with asyncio.timeout(LONG_SECONDS / 2):
        assert await box.take(0.001) == []
    box.leave()


async def test_tokens_of_a_piece_are_those_of_its_lines() -> None:
    box = Mailbox(Selection(GOLD, text="b"))
    box.put(block("a", "b"))
    (piece,) = await box.take(LONG_SECONDS)
    assert isinstance(piece, LineSlice)
    assert [piece.block.token(index) for index in piece.indices] == [f"base.{UNSIGNED}.l0.0.1"]

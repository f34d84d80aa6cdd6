"""Large messages of Envoys: in pieces that hold the same, each of them soon read."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

import pytest

from events.als.counts import AlsCounts
from events.als.messages import ENTRY_BYTES_MAX, IgnoredError, message_of
from events.als.pieces import PIECE_BYTES, PIECE_ENTRIES, pieces_of
from events.als.streams import AccessLogs
from tests.support.als import FakeKafka, entry, message
from tests.unit.events.test_als import sent

MIB = 1024 * 1024


def garbage(field: int, size: int) -> bytes:
    """As many entries as a message of this size can hold."""
    inner = b"\x0a\x00" * (size // 2)
    made = bytes([field << 3 | 2])
    length = len(inner)
    while length > 127:
        made += bytes([length & 127 | 128])
        length >>= 7
    return made + bytes([length]) + inner


def read(data: bytes) -> tuple[str, list[bytes], int]:
    """The node, all HTTP entries, and how many of TCP, of its pieces."""
    found = [message_of(piece) for piece in pieces_of(data)]
    node = next((one.node for one in found if one.node), "")
    https = [entry for one in found for entry in one.http_entries]
    return node, https, sum(one.tcp_entries for one in found)


@pytest.mark.parametrize("size", [1, 5_000, 100_000, PIECE_BYTES, 2 * PIECE_BYTES])
def test_pieces_hold_what_the_message_does(size: int) -> None:
    entries = [entry(path=f"/{number}" + "x" * size) for number in range(3 * MIB // (size + 500))]
    data = message(*entries[:6000], node="a node")
    whole = message_of(data)

    pieces = list(pieces_of(data))

    assert read(data) == ("a node", list(whole.http_entries), 0)
    assert len(pieces) > 1
    assert max(map(len, pieces)) <= max(PIECE_BYTES, size + 1000) + 10


def test_a_small_one_is_its_own_piece() -> None:
    data = message(entry(), node="n")
    assert list(pieces_of(data)) == [data]
    assert list(pieces_of(b"")) == [b""]


@pytest.mark.parametrize("field", [2, 3])
def test_no_piece_has_more_entries_than_are_soon_read(field: int) -> None:
    data = garbage(field, MIB)
    pieces = [message_of(piece) for piece in pieces_of(data)]

    assert max(len(one.http_entries) + one.tcp_entries for one in pieces) == PIECE_ENTRIES
    assert sum(len(one.http_entries) + one.tcp_entries for one in pieces) == MIB // 2


def test_bytes_that_are_no_message_are_said_to_be_none() -> None:
    rng = random.Random(7)
    data = message(*[entry(path="x" * 5000)] * 80, node="n")
    for _ in range(100):
        broken = bytearray(data)
        for _ in range(rng.randrange(1, 5)):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        cut = bytes(broken[: rng.choice((len(broken), rng.randrange(len(broken))))])
        try:
            whole: Any = list(message_of(cut).http_entries)
        except IgnoredError:
            whole = None
        try:
            found: Any = read(cut)[1]
        except IgnoredError:
            found = None
        assert found == whole or found is None or whole is None


@pytest.mark.parametrize("field", [2, 3])
async def test_others_have_turns_while_a_large_one_is_read(field: int) -> None:
    logs, turns = AccessLogs(FakeKafka(), AlsCounts()), 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    began = time.process_time()
    await logs.stream(sent(garbage(field, MIB)), asyncio.Lock())
    spent = time.process_time() - began
    beside.cancel()

    assert turns >= MIB // 2 // PIECE_ENTRIES
    assert spent / turns < 0.05, "seconds of CPU a turn"
    assert logs._counts.messages == 1
    assert logs._counts.received == MIB // 2


async def test_an_entry_that_is_too_large_costs_itself() -> None:
    kafka, counts = FakeKafka(), AlsCounts()
    large = entry(path="x" * ENTRY_BYTES_MAX)

    await AccessLogs(kafka, counts).stream(sent(message(large, entry())), asyncio.Lock())

    assert (counts.ignored, len(kafka.records)) == ({"too_large": 1}, 1)

"""What a peer has of the Envoy receiver."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import pytest

from events.als.counts import AlsCounts
from events.als.shares import ShareError, Shares, peer_of_call
from events.als.streams import ENTRY_BYTES, TURN_BYTES, AccessLogs
from tests.support.als import FakeKafka, entry, message
from tests.unit.events.test_als import sent


@pytest.mark.parametrize(
    ("text", "peer"),
    [
        ("ipv4:192.0.2.1:4711", "192.0.2.1"),
        ("ipv6:%5B2001:db8::1%5D:4711", "2001:db8::/64"),
        ("ipv6:[::ffff:192.0.2.1]:4711", "192.0.2.1"),
        ("unix:/a/socket", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_peer_is_an_address(text: str, peer: str) -> None:
    assert peer_of_call(text) == peer


def test_a_peer_has_so_many_and_others_theirs() -> None:
    shares = Shares(2)
    with ExitStack() as streams:
        first = streams.enter_context(shares.taken("a"))
        assert streams.enter_context(shares.taken("a")) is first
        assert streams.enter_context(shares.taken("b")) is not first

        with pytest.raises(ShareError), shares.taken("a"):
            pass
    with shares.taken("a"):
        pass
    assert not shares._shares


async def test_a_peer_with_many_streams_has_no_more_turns_than_one_with_one() -> None:
    turn = TURN_BYTES // ENTRY_BYTES
    kafka = FakeKafka()
    logs = AccessLogs(kafka, AlsCounts())
    many = message(*[entry(app="many")] * (5 * turn))
    few = message(*[entry(app="few")] * (5 * turn))
    greedy, other = asyncio.Lock(), asyncio.Lock()

    await asyncio.gather(
        *(logs.stream(sent(many), greedy) for _ in range(20)), logs.stream(sent(few), other)
    )

    keys = [key for _, _, key in kafka.records]
    last = len(keys) - keys[::-1].index(b"few-gs")
    assert len(keys) == 21 * 5 * turn
    assert last <= 20 * turn, "it was done long before the others"

"""What drains/delivery/sender.py promises, asked of every sender and of the tests' fake one."""

from __future__ import annotations

import asyncio

import pytest

from drains.delivery.sender import Sender
from drains.delivery.senders.checkpoints import KEPT_SECONDS
from tests.support.sender_bench import NamedWrite
from tests.support.sender_stage import Stage, Stages

KINDS = ("tcp", "tls", "udp", "http", "bundle", "fake")
# UDP's kernel takes all it is given, and nobody tells that a receiver is gone.
CONNECTED = tuple(kind for kind in KINDS if kind != "udp")

every_sender = pytest.mark.parametrize("kind", KINDS)
connected_ones = pytest.mark.parametrize("kind", CONNECTED)


def unconfirmed(sender: Sender[NamedWrite]) -> list[str]:
    return [write.name for write in sender.unconfirmed]


def again(sender: Sender[NamedWrite], later_seconds: float = 0.0) -> list[str]:
    now = asyncio.get_running_loop().time() + later_seconds
    return [write.name for write in sender.to_send_again(now)]


async def with_one_confirmed_and_one_not(stages: Stages, kind: str) -> Stage:
    stage = await stages.open(kind)
    stage.send("one")
    await stage.until_confirmed(1)
    stage.send("two")
    return stage


@every_sender
async def test_writes_are_unconfirmed_in_order_until_they_are_asked_for(
    stages: Stages, kind: str
) -> None:
    stage = await stages.open(kind)
    sender = stage.bench.sender
    assert (unconfirmed(sender), again(sender)) == ([], [])
    stage.send("one")
    stage.send("two")
    assert unconfirmed(sender) == again(sender) == ["write 1", "write 2"]
    assert sender.confirmed_bytes == 0


@every_sender
async def test_each_write_is_confirmed_once_and_in_order(stages: Stages, kind: str) -> None:
    stage = await stages.open(kind)
    for _ in range(20):
        stage.send("line")
    await stage.until_confirmed(20)

    sender = stage.bench.sender
    assert stage.bench.confirmed == [f"write {number}" for number in range(1, 21)]
    assert sender.confirm(asyncio.get_running_loop().time()) == []
    assert (unconfirmed(sender), sender.buffered_bytes) == ([], 0)


@every_sender
async def test_confirmed_bytes_grow_with_what_is_confirmed(stages: Stages, kind: str) -> None:
    stage = await stages.open(kind)
    stage.send("one")
    await stage.until_confirmed(1)
    one = stage.bench.sender.confirmed_bytes
    stage.send("a longer one")
    await stage.until_confirmed(2)
    assert 0 < 2 * one < stage.bench.sender.confirmed_bytes


@connected_ones
async def test_what_a_receiver_holds_up_fills_the_buffer_and_is_not_confirmed(
    stages: Stages, kind: str
) -> None:
    stage = await stages.open(kind, holds=True)
    sender = stage.bench.sender
    assert sender.buffered_bytes < sender.capacity_bytes // 2
    stage.send("x" * 1000, 3000)
    assert sender.buffered_bytes > sender.capacity_bytes
    await stage.until_some_of_it_has_arrived()
    assert sender.confirm(asyncio.get_running_loop().time()) == []
    assert unconfirmed(sender) == again(sender) == ["write 1"]
    sender.abort()


@every_sender
async def test_only_a_kernels_word_is_distrusted(stages: Stages, kind: str) -> None:
    """A kernel may have confirmed what nobody ever read; an answer stands."""
    stage = await with_one_confirmed_and_one_not(stages, kind)
    doubtful = ["write 1"] if stage.transport.confirmed_by == "kernel" else []
    assert again(stage.bench.sender) == [*doubtful, "write 2"]
    assert again(stage.bench.sender, KEPT_SECONDS + 1) == ["write 2"]


@every_sender
async def test_what_was_confirmed_long_ago_is_trusted(stages: Stages, kind: str) -> None:
    stage = await with_one_confirmed_and_one_not(stages, kind)
    await stage.until_confirmed(2)
    later = asyncio.get_running_loop().time() + KEPT_SECONDS + 1
    assert stage.bench.sender.confirm(later) == []
    assert stage.bench.sender.to_send_again(later) == []


@every_sender
async def test_what_is_under_way_arrives_before_a_sender_closes(stages: Stages, kind: str) -> None:
    stage = await stages.open(kind)
    stage.send("one")
    stage.send("two")
    stage.bench.sender.close()
    await stage.bench.until(lambda: stage.arrived() >= 2)
    assert stage.bench.ended == [], "who closed it is not told"


@every_sender
@pytest.mark.parametrize("how", ["close close", "abort abort", "close abort", "abort close"])
async def test_a_sender_may_be_ended_again(stages: Stages, kind: str, how: str) -> None:
    stage = await stages.open(kind)
    stage.send("one")
    for method in how.split():
        getattr(stage.bench.sender, method)()
    await stage.bench.sender.wait_closed()
    for _ in range(3):  # turns of the loop, in which a transport tells of its end
        await asyncio.sleep(0)
    getattr(stage.bench.sender, how.split()[-1])()
    assert stage.bench.ended == []


@every_sender
async def test_what_was_aborted_is_still_to_be_sent_again(stages: Stages, kind: str) -> None:
    stage = await with_one_confirmed_and_one_not(stages, kind)
    stage.bench.sender.abort()
    sender = stage.bench.sender
    assert unconfirmed(sender) == again(sender, KEPT_SECONDS + 1) == ["write 2"]


@connected_ones
async def test_an_end_is_told_once_and_each_write_is_confirmed_or_to_be_sent_again(
    stages: Stages, kind: str
) -> None:
    stage = await with_one_confirmed_and_one_not(stages, kind)
    sender = stage.bench.sender
    stage.end()
    stage.send("three")
    await stage.bench.until_ended(asks=False)
    stage.send("four")
    stage.end()
    await sender.wait_closed()

    last = [write.name for _ in range(2) for write in sender.confirm(0.0)]
    assert again(sender, KEPT_SECONDS + 1) == unconfirmed(sender)
    assert unconfirmed(sender)[-2:] == ["write 3", "write 4"]
    assert [*stage.bench.confirmed, *last, *unconfirmed(sender)] == [
        f"write {number}" for number in range(1, 5)
    ]
    sender.close()
    sender.abort()
    assert len(stage.bench.ended) == 1


@every_sender
async def test_until_when_its_receiver_has_a_certificate_is_known_with_tls_alone(
    stages: Stages, kind: str
) -> None:
    stage = await stages.open(kind)
    ends_at = stage.bench.sender.certificate_ends_at
    assert (ends_at is not None) is stage.transport.has_tls

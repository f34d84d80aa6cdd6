"""Lines of many batches become one write."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drains.transports import BatchLimits
from shuttle.feed.outbox import Outbox
from shuttle.feed.writes import Write
from tests.support.feed_bench import P0, P1, places_of, records

LIMITS = BatchLimits(bytes=10, lines=3, seconds=0.5)


def begun(connections: int = 2) -> Outbox:
    made = Outbox(connections, LIMITS)
    made.write = Write(1, 0.0, has_cursor=False)
    return made


def test_lines_of_each_connection_are_kept_apart() -> None:
    outbox = begun()
    outbox.add(records(10), (b"a", b""), 1)
    outbox.add(records(11), (b"c", b"b"), 2)

    assert outbox.size == 3
    assert outbox.take() == (b"ac", b"b")


def test_the_write_reaches_as_far_as_its_lines() -> None:
    outbox = begun(1)
    write = outbox.write
    outbox.add(records(10), (b"a",), 1)
    outbox.add(records(3, P1), (b"b",), 4)

    assert write is not None
    assert (write.lines, places_of(write)) == (5, {P0: (10, 11), P1: (3, 4)})


def test_a_notice_goes_over_the_first_connection_and_is_no_line() -> None:
    outbox = begun()
    outbox.add_notice(b"lost")
    outbox.add(records(10), (b"", b"b"), 1)

    assert outbox.write is not None
    assert (outbox.size, outbox.write.lines) == (5, 1)
    assert outbox.take() == (b"lost", b"b")


@pytest.mark.parametrize("empty", [Outbox.take, Outbox.clear])
def test_nothing_is_left_of_what_was_taken_or_given_up(empty: Callable[[Outbox], object]) -> None:
    outbox = begun()
    outbox.add(records(10), (b"a", b"b"), 1)
    empty(outbox)

    assert (outbox.write, outbox.size, outbox.take()) == (None, 0, (b"", b""))


def test_lines_without_a_write_are_refused_and_not_lost_without_a_word() -> None:
    outbox = begun()
    outbox.clear()
    with pytest.raises(RuntimeError, match="without a write"):
        outbox.add(records(10), (b"a", b"b"), 1)


def test_a_piece_too_many_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        begun(1).add(records(10), (b"a", b"b"), 1)


@pytest.mark.parametrize("pieces", [(b"x\n", b"x\nx\n"), (b"", b"123456789")])
def test_a_write_is_full_when_one_connection_has_as_much_as_it_may(
    pieces: tuple[bytes, bytes],
) -> None:
    outbox = begun()
    outbox.add(records(10), pieces, 3)
    assert not outbox.is_full

    outbox.add(records(13), (b"", b"\n"), 1)
    assert outbox.is_full
    outbox.take()
    assert not outbox.is_full

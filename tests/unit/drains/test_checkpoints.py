from __future__ import annotations

from drains.delivery.senders.checkpoints import KEPT_BYTES, NO_STEP_BACK, Checkpoints, StepBack

ALL, HALF, NONE = StepBack(), StepBack().halved(), NO_STEP_BACK


def written(*sizes: int) -> Checkpoints[int]:
    """A connection that has written marks 0, 1, 2… of these sizes."""
    checkpoints: Checkpoints[int] = Checkpoints()
    for write, size in enumerate(sizes):
        checkpoints.wrote(size, write)
    return checkpoints


def test_a_mark_is_confirmed_when_its_last_byte_is() -> None:
    checkpoints = written(10, 10, 10)

    assert checkpoints.confirm(19, now=0) == [0]
    assert checkpoints.confirm(30, now=1) == [1, 2]


def test_a_lower_reading_takes_nothing_back() -> None:
    checkpoints = written(10, 10)
    checkpoints.confirm(20, now=0)

    assert checkpoints.confirm(0, now=1) == []
    assert checkpoints.to_send_again(NONE, now=1) == []


def test_what_was_confirmed_lately_is_sent_again_with_what_was_not() -> None:
    checkpoints = written(10, 10, 10)
    checkpoints.confirm(10, now=0)
    checkpoints.confirm(20, now=4)

    assert checkpoints.to_send_again(ALL, now=4.5) == [0, 1, 2]
    assert checkpoints.to_send_again(ALL, now=6) == [1, 2]
    assert checkpoints.to_send_again(HALF, now=6) == [1, 2]
    assert checkpoints.to_send_again(HALF, now=7) == [2]
    assert checkpoints.to_send_again(NONE, now=4) == [2]


def test_the_first_batch_of_a_connection_is_sent_again_when_nobody_read_it() -> None:
    checkpoints = written(10)
    checkpoints.confirm(10, now=0)

    assert checkpoints.to_send_again(ALL, now=1) == [0]


def test_nothing_is_sent_again_after_a_quiet_while() -> None:
    checkpoints = written(10)
    checkpoints.confirm(10, now=0)

    assert checkpoints.to_send_again(ALL, now=5.1) == []


def test_at_most_four_megabytes_are_sent_again() -> None:
    checkpoints = written(KEPT_BYTES, KEPT_BYTES // 2, KEPT_BYTES // 2 + 1)
    checkpoints.confirm(2 * KEPT_BYTES + 1, now=0)

    assert checkpoints.to_send_again(ALL, now=0) == [1, 2]


def test_what_seems_unread_is_sent_again_however_old_and_less_after_a_second_reset() -> None:
    checkpoints = written(10, 10, 10, 10)
    checkpoints.unread_bytes = 20
    checkpoints.confirm(40, now=0)
    checkpoints.confirm(40, now=100)

    assert checkpoints.to_send_again(ALL, now=100) == [2, 3]
    assert checkpoints.to_send_again(HALF, now=100) == [3]
    assert checkpoints.to_send_again(NONE, now=100) == []

    checkpoints.unread_bytes = 0
    checkpoints.confirm(40, now=101)
    assert checkpoints.to_send_again(ALL, now=101) == []

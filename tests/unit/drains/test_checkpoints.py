from __future__ import annotations

from drains.delivery.senders.checkpoints import JOINED_BYTES, KEPT_BYTES, UNREAD_BYTES, Checkpoints


class Mark(int):
    """Joined with the one behind it, it is the first of both."""

    def joined(self, _: Mark) -> Mark:
        return self


def written(*sizes: int) -> Checkpoints[Mark]:
    """A connection that has written marks 0, 1, 2… of these sizes."""
    checkpoints: Checkpoints[Mark] = Checkpoints()
    for write, size in enumerate(sizes):
        checkpoints.wrote(size, Mark(write))
    return checkpoints


def again(checkpoints: Checkpoints[Mark], now: float, *, hung: bool = False) -> list[Mark]:
    return checkpoints.to_send_again(now, hung=hung)


def test_a_mark_is_confirmed_when_its_last_byte_is() -> None:
    checkpoints = written(10, 10, 10)

    assert checkpoints.confirm(19, now=0) == [0]
    assert checkpoints.confirm(30, now=1) == [1, 2]


def test_a_lower_reading_takes_nothing_back() -> None:
    checkpoints = written(10, 10)
    checkpoints.confirm(20, now=0)

    assert checkpoints.confirm(0, now=10) == []
    assert again(checkpoints, now=10) == []


def test_what_was_confirmed_lately_is_sent_again_with_what_was_not() -> None:
    checkpoints = written(10, 10, 10)
    checkpoints.confirm(10, now=0)
    checkpoints.confirm(20, now=4)

    assert again(checkpoints, now=4.5) == [0, 1, 2]
    assert again(checkpoints, now=6) == [1, 2]
    assert again(checkpoints, now=10) == [2]


def test_the_first_batch_of_a_connection_is_sent_again_when_nobody_read_it() -> None:
    checkpoints = written(10)
    checkpoints.confirm(10, now=0)

    assert again(checkpoints, now=1) == [0]


def test_nothing_is_sent_again_after_a_quiet_while() -> None:
    checkpoints = written(10)
    checkpoints.confirm(10, now=0)

    assert again(checkpoints, now=5.1) == []


def test_at_most_four_megabytes_are_sent_again() -> None:
    checkpoints = written(KEPT_BYTES, KEPT_BYTES // 2, KEPT_BYTES // 2 + 1)
    checkpoints.confirm(2 * KEPT_BYTES + 1, now=0)

    assert again(checkpoints, now=0) == [1, 2]


def test_all_that_a_kernel_may_hold_of_a_receiver_that_hangs_is_sent_again_however_old() -> None:
    checkpoints = written(10, UNREAD_BYTES // 2, UNREAD_BYTES // 2 + 1, 10)
    checkpoints.confirm(UNREAD_BYTES + 11, now=0)
    checkpoints.confirm(UNREAD_BYTES + 11, now=3600)

    assert again(checkpoints, now=3600, hung=True) == [1, 2, 3]
    assert again(checkpoints, now=3600) == [3]


def test_a_long_line_after_many_is_kept_as_a_whole() -> None:
    checkpoints = written(10, 2 * UNREAD_BYTES)
    checkpoints.confirm(2 * UNREAD_BYTES + 10, now=0)
    checkpoints.confirm(2 * UNREAD_BYTES + 10, now=3600)

    assert again(checkpoints, now=3600, hung=True) == [1]


def test_who_hangs_is_also_sent_what_was_confirmed_lately_beyond_that() -> None:
    checkpoints = written(UNREAD_BYTES, UNREAD_BYTES)
    checkpoints.confirm(2 * UNREAD_BYTES, now=0)
    assert again(checkpoints, now=1, hung=True) == [0, 1]


def test_of_thousands_of_small_writes_few_are_kept() -> None:
    """What is sent again of them begins where the first of those that were joined does."""
    checkpoints = written(*[100] * 10_000)
    checkpoints.confirm(1_000_000, now=0)
    checkpoints.confirm(1_000_000, now=10)
    kept = again(checkpoints, now=10, hung=True)
    assert len(kept) <= UNREAD_BYTES // (JOINED_BYTES // 2) + 1
    assert kept == sorted(kept)
    assert (
        10_000 - (UNREAD_BYTES + JOINED_BYTES) // 100 - 1 <= kept[0] <= 10_000 - UNREAD_BYTES // 100
    )

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from events.kafka.records import TopicPartition
from shuttle.commit import ledger
from shuttle.commit.ledger import COMMIT_DELAY_SECONDS, Ledger

P0, P1 = TopicPartition("gs", 0), TopicPartition("gs", 1)


def with_batches(*ends: dict[TopicPartition, int]) -> Ledger:
    """A ledger at 0 in both partitions, with batches 1, 2, 3… open."""
    made = Ledger()
    made.positions.update({P0: 0, P1: 0})
    for number, moved in enumerate(ends, start=1):
        made.open(number, moved)
    return made


def committed(made: Ledger, held: list[int]) -> dict[TopicPartition, int]:
    made.settle(held, now=0)
    return made.committable(now=COMMIT_DELAY_SECONDS)


def test_without_anybody_waiting_all_may_be_committed() -> None:
    assert committed(with_batches({P0: 5}, {P1: 3}, {P0: 9}), held=[]) == {P0: 9, P1: 3}


def test_nothing_at_or_above_the_lowest_held_batch_may_be_committed() -> None:
    assert committed(with_batches({P0: 5}, {P0: 9}, {P0: 12}), held=[3, 2]) == {P0: 5}


def test_an_offset_waits_before_it_is_committed() -> None:
    made = with_batches({P0: 5})
    made.settle([], now=10)

    assert made.committable(now=10 + COMMIT_DELAY_SECONDS - 0.01) == {}
    assert made.committable(now=10 + COMMIT_DELAY_SECONDS) == {P0: 5}
    assert made.committable(now=100) == {}
    assert made.safe == {P0: 5}


def test_what_is_settled_is_not_committed_when_it_is_held_again() -> None:
    made = with_batches({P0: 5}, {P0: 9})
    made.settle([], now=0)
    made.settle([1], now=1)
    assert made.committable(now=10) == {}

    made.settle([], now=2)
    assert made.committable(now=10) == {P0: 9}


def test_a_revoked_partition_is_never_committed() -> None:
    made = with_batches({P0: 5, P1: 7})
    made.settle([], now=0)
    made.open(2, {P1: 8})
    made.revoked([P1])

    assert committed(made, held=[]) == {P0: 5}
    assert made.positions == {P0: 5}


@given(
    st.lists(st.dictionaries(st.sampled_from([P0, P1]), st.integers(1, 9), min_size=1)),
    st.lists(st.integers(1, 40), max_size=3),
)
def test_merging_batches_changes_nothing_that_is_committed(
    moves: list[dict[TopicPartition, int]], held: list[int]
) -> None:
    def outcomes(merge_above: int) -> list[dict[TopicPartition, int]]:
        made, at = Ledger(), {P0: 0, P1: 0}
        ledger.MERGE_ABOVE, before = merge_above, ledger.MERGE_ABOVE
        try:
            for number, move in enumerate(moves, start=1):
                at.update({partition: at[partition] + step for partition, step in move.items()})
                made.open(number, {partition: at[partition] for partition in move})
                made.settle(held, now=0)
            return [committed(made, sorted(held)[n:]) for n in range(len(held) + 1)]
        finally:
            ledger.MERGE_ABOVE = before

    assert outcomes(merge_above=0) == outcomes(merge_above=1000)

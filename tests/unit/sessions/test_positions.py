"""Positions by topic are what positions by partition are."""

from __future__ import annotations

from events.kafka.records import TopicPartition
from sessions_app.tail.live.positions import Positions

A, B, ELSEWHERE = TopicPartition("a", 0), TopicPartition("a", 1), TopicPartition("b", 0)


def test_those_of_some_topics_are_a_copy_of_what_is_known_now() -> None:
    positions = Positions()
    positions.update({A: 1, B: 2, ELSEWHERE: 3})
    before = positions.of(["a", "unknown"])
    positions[A] = 7

    assert before == {A: 1, B: 2}
    assert positions.of(["b", "a"]) == {ELSEWHERE: 3, A: 7, B: 2} == dict(positions)
    assert len(positions) == 3


def test_what_is_let_go_is_nowhere() -> None:
    positions = Positions()
    positions.update({A: 1, B: 2})
    del positions[A]
    assert A not in positions
    assert positions.get(B) == 2
    del positions[B]
    assert not positions
    assert positions.of(["a"]) == {}

"""Whose the consumer group is: what is met, claimed, taken over, and left to its owner."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from events.kafka.cluster import Logs
from events.kafka.committed import Committed
from events.kafka.records import Offsets, TopicPartition
from shuttle.worker import ownership as module
from shuttle.worker.ownership import ForeignGroupError, Ownership
from tests.support.feed_bench import P0, P1

OURS, THEIRS = "our-id", "their-id"
AWAY = KafkaException(KafkaError(KafkaError._TRANSPORT))
P2 = TopicPartition("elsewhere", 0)


class Kafka:
    """The group as its broker has it: member and cluster in one. `after_commit` happens then."""

    def __init__(self) -> None:
        self.offsets: dict[TopicPartition, Committed] = {}
        self.refuses = False
        self.away = 0
        self.commits: list[Offsets] = []
        self.members_left: list[int] = []
        """In the group, each time that somebody asks, from the last on; then nobody."""
        self.metadata: Callable[[str], str]
        self.after_commit: Callable[[], None] = lambda: None

    async def committed(
        self, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, Committed]:
        return {p: at for p, at in self.offsets.items() if p in partitions}

    async def committed_anywhere(self) -> dict[TopicPartition, Committed]:
        self._fail_if_away()
        return dict(self.offsets)

    async def members(self, group: str) -> int:
        assert group == "the-group"
        return self.members_left.pop() if self.members_left else 0

    async def partitions(self, topics: Collection[str]) -> Logs:
        self._fail_if_away()
        return {topic: {P0: "log1", P1: "log1"} for topic in topics}

    def _fail_if_away(self) -> None:
        if self.away:
            self.away -= 1
            raise AWAY

    async def commit(self, offsets: Offsets) -> None:
        self.commits.append(offsets)
        if not self.refuses:
            for partition, offset in offsets.items():
                topic_id, _, installation = self.metadata(partition.topic).partition(" ")
                self.offsets[partition] = Committed(offset, topic_id, installation)
            self.after_commit()

    async def mark(self, offsets: Mapping[TopicPartition, Committed]) -> None:
        self.offsets.update(offsets)


class TopicIds:
    def of(self, topic: str) -> str:
        return "log1"


def ownership_of(kafka: Kafka, *, take_over: bool = False) -> Ownership:
    fakes: Any = (kafka, kafka, TopicIds(), lambda: ["gs"])
    made = Ownership("the-group", *fakes, take_over=take_over)
    kafka.metadata = made.metadata
    return made


def ours() -> Collection[TopicPartition]:
    return [P0, P1]


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> Kafka:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.0)
    return Kafka()


@pytest.fixture
async def ownership(kafka: Kafka) -> Ownership:
    """Of a worker that has met a group of nobody's."""
    made = ownership_of(kafka)
    await made.meet(OURS)
    return made


@pytest.mark.parametrize("installation", ["", OURS])
async def test_what_is_ours_and_what_is_nobodys_is_met(kafka: Kafka, installation: str) -> None:
    kafka.offsets = {P0: Committed(7, "log1", installation)}
    await ownership_of(kafka).meet(OURS)


async def test_a_group_of_another_installation_is_refused_with_both_ways_out(kafka: Kafka) -> None:
    kafka.offsets = {P2: Committed(7, "log1", THEIRS)}

    with pytest.raises(ForeignGroupError) as caught:
        await ownership_of(kafka).meet(OURS)

    for word in ("the-group", OURS, THEIRS, "KAFKA_GROUP", "--take-over-group"):
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)
    assert kafka.commits == []


async def test_kafka_is_asked_until_it_says_whose_the_group_is(
    kafka: Kafka, caplog: pytest.LogCaptureFixture
) -> None:
    kafka.away, kafka.offsets = 3, {P0: Committed(7, "log1", THEIRS)}
    with pytest.raises(ForeignGroupError):
        await ownership_of(kafka).meet(OURS)
    assert not caplog.records, "that Kafka is away is said by who watches it"


async def test_partitions_of_another_are_refused_before_anything_is_committed(
    kafka: Kafka, ownership: Ownership
) -> None:
    kafka.offsets = {P1: Committed(7, "log1", THEIRS)}
    with pytest.raises(ForeignGroupError):
        await ownership.committed([P0, P1])
    assert kafka.commits == []


async def test_what_is_nobodys_is_claimed_once_where_it_begins(
    kafka: Kafka, ownership: Ownership
) -> None:
    kafka.offsets = {P0: Committed(7, "log1", ""), P1: Committed(8, "log1", OURS)}
    await ownership.committed([P0, P1])

    await ownership.claim({P0: 7, P1: 8}, ours)
    await ownership.claim({P0: 7, P1: 8}, ours)

    assert kafka.commits == [{P0: 7}]
    assert kafka.offsets[P0] == Committed(7, "log1", OURS)


async def test_what_went_meanwhile_is_not_claimed(kafka: Kafka, ownership: Ownership) -> None:
    await ownership.committed([P0, P1])
    await ownership.claim({P0: 7, P1: 8}, lambda: [P1])
    assert kafka.commits == [{P1: 8}]


async def test_offsets_that_may_not_be_committed_hold_up_nobody(
    kafka: Kafka, ownership: Ownership
) -> None:
    kafka.refuses = True
    await ownership.committed([P0])
    await ownership.claim({P0: 7}, ours)
    assert len(kafka.commits) == module.TRIES


async def test_of_two_that_begin_at_once_who_sees_the_other_takes_its_claim_back(
    kafka: Kafka, ownership: Ownership
) -> None:
    await ownership.committed([P0])
    kafka.after_commit = lambda: kafka.offsets.update({P1: Committed(3, "log1", THEIRS)})

    with pytest.raises(ForeignGroupError):
        await ownership.claim({P0: 7}, ours)

    assert kafka.offsets == {P0: Committed(7, "log1", ""), P1: Committed(3, "log1", THEIRS)}


async def test_a_claim_of_the_other_is_not_written_over(kafka: Kafka, ownership: Ownership) -> None:
    await ownership.committed([P0])
    theirs = {P0: Committed(7, "log1", THEIRS)}
    kafka.after_commit = lambda: kafka.offsets.update(theirs)

    with pytest.raises(ForeignGroupError):
        await ownership.claim({P0: 7}, ours)

    assert kafka.offsets == theirs


async def test_another_that_comes_later_is_seen(
    kafka: Kafka, ownership: Ownership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
    kafka.away, kafka.offsets = 2, {P1: Committed(7, "log1", THEIRS)}
    with pytest.raises(ForeignGroupError):
        await ownership.watch()


async def test_what_is_taken_over_is_ours_from_then_on(kafka: Kafka) -> None:
    kafka.offsets = {P0: Committed(7, "log1", THEIRS), P2: Committed(9, "log2", THEIRS)}
    await ownership_of(kafka, take_over=True).meet(OURS)

    assert kafka.offsets == {P0: Committed(7, "log1", OURS), P2: Committed(9, "log2", OURS)}
    await ownership_of(kafka).meet(OURS)
    with pytest.raises(ForeignGroupError):
        await ownership_of(kafka).meet(THEIRS)


async def test_whoever_takes_over_waits_for_the_workers_of_the_other_to_go(kafka: Kafka) -> None:
    kafka.offsets, kafka.members_left = {P0: Committed(7, "log1", THEIRS)}, [1, 2]
    await ownership_of(kafka, take_over=True).meet(OURS)

    assert kafka.offsets == {P0: Committed(7, "log1", OURS)}
    assert kafka.members_left == []


async def test_what_a_worker_beside_has_taken_over_is_ours(kafka: Kafka) -> None:
    """Of several that start at once, the others find the first one in the group."""
    kafka.offsets, kafka.members_left = {P0: Committed(7, "log1", OURS)}, [1] * 100
    await ownership_of(kafka, take_over=True).meet(OURS)


async def test_a_group_whose_workers_stay_is_not_taken_over(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEAVE_SECONDS", 0.0)
    kafka.offsets, kafka.members_left = {P0: Committed(7, "log1", THEIRS)}, [2]
    with pytest.raises(ForeignGroupError, match="still has 2 workers"):
        await ownership_of(kafka, take_over=True).meet(OURS)
    assert kafka.offsets == {P0: Committed(7, "log1", THEIRS)}


async def test_another_that_comes_later_is_not_taken_over(kafka: Kafka) -> None:
    """Who left the option in a unit file is guarded all the same."""
    taking = ownership_of(kafka, take_over=True)
    await taking.meet(OURS)
    kafka.offsets = {P0: Committed(7, "log1", THEIRS)}
    with pytest.raises(ForeignGroupError):
        await taking.committed([P0])

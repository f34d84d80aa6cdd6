"""Partitions come and go: what is read, what is claimed, what is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException

from drains.routes import RouteChanges, RouteMark
from events.kafka.cluster import Bounds
from events.kafka.records import Offsets, TopicPartition
from shuttle.commit.ledger import Ledger
from shuttle.commit.store import Claim, Cursors, TakenOver
from shuttle.feed.loss_notices import NEW_LOG
from shuttle.worker import rebalance as module
from shuttle.worker.feeds import Feeds
from shuttle.worker.ownership import ForeignGroupError
from shuttle.worker.rebalance import LAST_STORE_SECONDS, Rebalance
from shuttle.worker.starts import PartitionState
from shuttle.worker.ticks import Ticks
from tests.support.errands import Errands
from tests.support.feed_bench import P0, P1, FeedBench, cursors

AWAY = KafkaException(KafkaError(KafkaError._TRANSPORT))
STANDS = PartitionState(committed=40, low=5, high=500)


class Member:
    """Of the consumer group."""

    def __init__(self) -> None:
        self.begun: list[Offsets] = []
        self.again: list[TopicPartition] = []
        self.refuses = False

    async def begin(self, starts: Offsets, generation: int) -> None:
        if self.refuses:
            raise AWAY
        self.begun.append(starts)

    async def assign_again(self, partitions: Iterable[TopicPartition]) -> None:
        self.again += partitions


class Live:
    """The live pass: whose partitions are, and where they begin."""

    def __init__(self, ledger: Ledger) -> None:
        self.backwards = asyncio.Event()
        self.ours: dict[TopicPartition, int] = {}
        self.left_kafka: list[tuple[TopicPartition, int, int]] = []
        self._ledger = ledger

    def assigned(self, partitions: Iterable[TopicPartition], generation: int) -> None:
        self.ours.update(dict.fromkeys(partitions, generation))

    def revoked(self, partitions: Iterable[TopicPartition]) -> None:
        for partition in partitions:
            self.ours.pop(partition, None)

    def has(self, partition: TopicPartition, generation: int) -> bool:
        return self.ours.get(partition) == generation

    def took_over(self, starts: Mapping[TopicPartition, int]) -> None:
        self._ledger.positions.update(starts)

    def missing(self, partition: TopicPartition, begin: int, end: int) -> None:
        self.left_kafka.append((partition, begin, end))


class CursorWriter:
    """Claims what is still ours; `while_asked` happens before it answers."""

    def __init__(self) -> None:
        self.claims: dict[TopicPartition, Claim] = {}
        self.rows: Cursors = {}
        self.while_asked: Callable[[], None] = lambda: None

    async def take_over(
        self,
        claims: Mapping[TopicPartition, Claim],
        still_ours: Callable[[], Iterable[TopicPartition]],
    ) -> TakenOver:
        self.while_asked()
        self.claims.update({partition: claims[partition] for partition in still_ours()})
        return TakenOver(self.rows, {}, {})

    def give_up(self, partitions: Iterable[TopicPartition]) -> None:
        for partition in partitions:
            self.claims.pop(partition, None)

    async def keep(self, *, every_offset: bool = False) -> bool:
        return True


class Starts:
    """All partitions stand alike, but those without a leader."""

    def __init__(self) -> None:
        self.leaderless: set[TopicPartition] = set()
        self.while_asked: Callable[[], None] = lambda: None
        self.begins: Offsets = {}

    async def states(
        self, still_ours: Callable[[], Collection[TopicPartition]]
    ) -> dict[TopicPartition, PartitionState]:
        found = dict.fromkeys(set(still_ours()) - self.leaderless, STANDS)
        self.while_asked()
        return found

    async def of_partitions(
        self, found: Mapping[TopicPartition, PartitionState], taken: TakenOver
    ) -> Offsets:
        return {partition: self.begins.get(partition, 40) for partition in found}


class Cluster:
    """Its next answers to where partitions begin and end."""

    def __init__(self) -> None:
        self.answers: list[Callable[[], Collection[TopicPartition]]] = []

    async def bounds(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, Bounds]:
        return dict.fromkeys(set(self.answers.pop(0)()) & set(partitions), Bounds(5, 500))


class TopicIds:
    def __init__(self) -> None:
        self.made_anew: frozenset[str] = frozenset()
        self.away = False

    def of(self, topic: str) -> str:
        return f"log of {topic}"

    async def changed(self, topics: Collection[str]) -> frozenset[str]:
        if self.away:
            raise AWAY
        return self.made_anew & set(topics)


class Ownership:
    """Notes what is claimed, and what is being read by then."""

    def __init__(self, ledger: Ledger) -> None:
        self.claims: list[tuple[Offsets, Offsets]] = []
        self.refuses = False
        self._ledger = ledger

    async def claim(self, starts: Offsets, _: Callable[[], Collection[TopicPartition]]) -> None:
        if self.refuses:
            raise ForeignGroupError("theirs")
        self.claims.append((starts, dict(self._ledger.positions)))

    def metadata(self, topic: str) -> str:
        return f"log of {topic} ours"


class Trust:
    """Notes what is taken over and given up."""

    def __init__(self) -> None:
        self.taken: list[TakenOver] = []
        self.given_up: list[Collection[TopicPartition]] = []
        self.forgotten: list[Collection[TopicPartition]] = []

        self.begins: list[Offsets] = []

    def took_over(self, taken: TakenOver, begins: Offsets) -> None:
        self.taken.append(taken)
        self.begins.append(begins)

    async def give_up(
        self, partitions: Collection[TopicPartition], settled: Offsets, until: float
    ) -> None:
        self.given_up.append(partitions)

    def forget(self, partitions: Collection[TopicPartition]) -> None:
        self.forgotten.append(partitions)


class Bench(FeedBench):
    """One drain, and the parts of a worker that partitions concern."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger, self.member, self.starts = Ledger(), Member(), Starts()
        self.live, self.writer, self.cluster = Live(self.ledger), CursorWriter(), Cluster()
        self.topic_ids, self.tasks = TopicIds(), Errands()
        feeds = Feeds(self.context, self.lists)
        feeds.routes.follow(RouteChanges(RouteMark(1), [self.feed.route]))
        feeds.by_id = {"d1": self.feed}
        fakes: Any = (self.live, self.ledger, feeds, self.writer, self.starts)
        member, writer = cast(Any, self.member), cast(Any, self.writer)
        self.ticks = Ticks(feeds, self.lists, self.ledger, writer, member)
        self.ownership = Ownership(self.ledger)
        self.trust = Trust()
        parts = self.ticks, self.cluster, self.topic_ids, self.ownership, self.tasks, self.trust
        rest: Any = parts
        self.rebalance = Rebalance("worker-1", member, *fakes, *rest)

    async def assigned(self, *partitions: TopicPartition, generation: int = 1) -> None:
        self.rebalance.assigned(partitions, generation)
        await self.tasks.done()


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.0)
    async with Bench() as made:
        yield made
        await made.tasks.cancel()


# They come.


async def test_partitions_are_claimed_and_begun_where_somebody_lacks_them(bench: Bench) -> None:
    bench.starts.begins = {P0: 60}
    await bench.assigned(P0, P1)

    assert bench.member.begun == [{P0: 60, P1: 40}]
    assert {claim.topic_id for claim in bench.writer.claims.values()} == {"log of gs"}
    assert len({claim.token for claim in bench.writer.claims.values()}) == 1


async def test_each_assignment_has_a_claim_of_its_own(bench: Bench) -> None:
    await bench.assigned(P0)
    first = bench.writer.claims[P0]
    await bench.assigned(P0)
    assert bench.writer.claims[P0].token != first.token


async def test_drains_that_are_behind_there_go_on_at_their_rows(bench: Bench) -> None:
    bench.writer.rows = {"d1": cursors({P0: 10})}
    await bench.assigned(P0)
    assert bench.feed.gaps.offsets == {P0: 10}


async def test_what_left_kafka_before_anybody_read_it_is_lost(bench: Bench) -> None:
    bench.starts.begins = {P0: 0, P1: 5}
    await bench.assigned(P0, P1)

    assert bench.member.begun == [{P0: 5, P1: 5}]
    assert bench.live.left_kafka == [(P0, 0, 5)]


async def test_routes_are_not_followed_while_cursors_are_read(bench: Bench) -> None:
    locked = []
    bench.writer.while_asked = lambda: locked.append(bench.rebalance.meeting.locked())
    await bench.assigned(P0)
    assert (locked, bench.rebalance.meeting.locked()) == ([True], False)


async def test_partitions_wait_for_their_cursors_until_the_database_answers(bench: Bench) -> None:
    waiting = []
    bench.writer.while_asked = lambda: waiting.append(dict(bench.rebalance.waiting))
    bench.starts.leaderless = {P1}
    bench.cluster.answers = [lambda: [P1]]
    await bench.assigned(P0, P1)
    assert (waiting, bench.rebalance.waiting) == ([{P0: 1}], {})


async def test_one_that_goes_waits_no_more_and_one_that_came_back_waits_anew(bench: Bench) -> None:
    def goes() -> None:
        bench.writer.while_asked = lambda: None
        bench.rebalance.lost([P0, P1])
        assert bench.rebalance.waiting == {}
        bench.rebalance.waiting[P1] = 2  # as another assignment would

    bench.writer.while_asked = goes
    await bench.assigned(P0, P1)
    assert bench.rebalance.waiting == {P1: 2}


@pytest.mark.parametrize("asked", ["starts", "writer"])
async def test_partitions_that_went_while_they_were_looked_up_are_not_begun(
    bench: Bench, asked: str
) -> None:
    bench.writer.rows = {"d1": cursors({P0: 10, P1: 10})}
    getattr(bench, asked).while_asked = lambda: bench.rebalance.lost([P0])
    await bench.assigned(P0, P1)

    assert bench.member.begun == [{P1: 40}]
    assert bench.trust.begins == [{P1: 40}]
    assert bench.ledger.positions == {P1: 40}
    assert (bench.feed.gaps.offsets, set(bench.writer.claims)) == ({P1: 10}, {P1})


async def test_one_that_came_back_meanwhile_is_the_later_assignments(bench: Bench) -> None:
    def back() -> None:
        bench.starts.while_asked = lambda: None
        bench.rebalance.lost([P0])
        bench.rebalance.assigned([P0], 2)

    bench.starts.while_asked = back
    await bench.assigned(P0, P1)

    assert bench.member.begun == [{P1: 40}, {P0: 40}]
    assert ":1:" in bench.writer.claims[P1].token
    assert ":2:" in bench.writer.claims[P0].token


async def test_a_refused_begin_ends_no_worker(bench: Bench) -> None:
    """They went again: they are assigned anew, to whomever."""
    bench.member.refuses = True
    bench.starts.leaderless = {P1}
    bench.cluster.answers = [lambda: [P1]]
    await bench.assigned(P0, P1)
    assert bench.member.again == [P1]


# Without a leader.


async def test_one_without_a_leader_keeps_the_others_from_nothing(bench: Bench) -> None:
    bench.starts.leaderless = {P1}
    bench.cluster.answers = [lambda: [P1]]
    await bench.assigned(P0, P1)

    assert bench.member.begun == [{P0: 40}]
    assert P1 not in bench.writer.claims


async def test_those_without_a_leader_are_assigned_again_once_they_have_one(bench: Bench) -> None:
    def away() -> Collection[TopicPartition]:
        raise AWAY

    bench.starts.leaderless = {P0, P1}
    bench.cluster.answers = [lambda: [], away, lambda: [P1], lambda: [P0, P1]]
    await bench.assigned(P0, P1)
    assert bench.member.again == [P1, P0]


async def test_one_that_goes_before_it_has_a_leader_is_waited_for_no_more(bench: Bench) -> None:
    def goes() -> Collection[TopicPartition]:
        bench.rebalance.lost([P0])
        return [P0]

    bench.starts.leaderless = {P0}
    bench.cluster.answers = [lambda: [], goes]
    await bench.assigned(P0)
    assert (bench.member.again, bench.cluster.answers) == ([], [])


async def test_one_that_came_back_is_not_waited_for_twice(bench: Bench) -> None:
    def comes_back() -> Collection[TopicPartition]:
        bench.live.assigned([P0], 2)
        return [P0]

    bench.starts.leaderless = {P0}
    bench.cluster.answers = [comes_back]
    await bench.assigned(P0)
    assert bench.member.again == []


# They go.


async def test_of_lost_ones_claims_positions_and_gaps_are_forgotten(bench: Bench) -> None:
    bench.writer.rows = {"d1": cursors({P0: 10, P1: 10})}
    await bench.assigned(P0, P1)
    bench.rebalance.lost([P0])

    assert set(bench.live.ours) == set(bench.writer.claims) == {P1}
    assert (bench.ledger.positions, bench.feed.gaps.offsets) == ({P1: 40}, {P1: 10})


async def handed_over(bench: Bench, *partitions: TopicPartition) -> Offsets:
    now = asyncio.get_running_loop().time()
    return await bench.rebalance.revoked(partitions, now + bench.rebalance.hand_over_seconds)


async def test_what_is_handed_over_is_committed_only_for_those_that_go(bench: Bench) -> None:
    await bench.assigned(P0, P1)
    bench.ledger.open(1, {P0: 46, P1: 49})

    assert await handed_over(bench, P0) == {P0: 46}
    assert (bench.ledger.positions, set(bench.writer.claims)) == ({P1: 49}, {P1})
    assert bench.ledger.committable(float("inf")) == {P1: 49}


async def test_nothing_is_read_of_those_that_go_while_they_are_handed_over(bench: Bench) -> None:
    await bench.assigned(P0, P1)
    await bench.sent(batch=1, begin=45)
    handing_over = asyncio.create_task(handed_over(bench, P0))
    while P0 in bench.live.ours:
        await asyncio.sleep(0)
    assert set(bench.writer.claims) == {P0, P1}

    bench.sender.read_all()
    await handing_over
    assert set(bench.writer.claims) == {P1}


async def test_the_database_has_time_of_its_own_in_a_hand_over(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: list[float] = []

    async def hand_over(_: object, arrive_until: float, until: float) -> Offsets:
        times.extend((arrive_until, until))
        return {}

    monkeypatch.setattr(bench.ticks, "hand_over", hand_over)
    await bench.rebalance.revoked([P0], until=100.0)
    assert times == [100.0 - LAST_STORE_SECONDS, 100.0]


async def test_those_that_somebody_claimed_after_us_are_taken_over_anew(bench: Bench) -> None:
    await bench.assigned(P0, P1)
    bench.rebalance.take_back([P0])
    await bench.tasks.done()
    assert (bench.member.again, set(bench.writer.claims)) == ([P0], {P1})


# Logs that are other logs by now.


async def test_of_a_topic_that_was_made_anew_all_is_lost_and_begun_again(bench: Bench) -> None:
    bench.writer.rows = {"d1": cursors({P0: 10})}
    await bench.assigned(P0, P1)
    bench.topic_ids.made_anew = frozenset({"gs", "elsewhere"})
    bench.live.backwards.set()
    await bench.rebalance.look_for_new_logs()

    assert bench.feed.stats.lines_lost == {NEW_LOG: 30}
    assert (bench.ledger.positions, bench.feed.gaps.offsets) == ({}, {})
    assert set(bench.member.again) == {P0, P1}
    assert not bench.live.backwards.is_set()


@pytest.mark.parametrize("away", [True, False])
async def test_logs_that_are_the_same_or_unknown_are_left_alone(bench: Bench, away: bool) -> None:
    await bench.assigned(P0)
    bench.topic_ids.away = away
    bench.live.backwards.set()
    await bench.rebalance.look_for_new_logs()
    assert (bench.ledger.positions, bench.member.again) == ({P0: 40}, [])


async def test_logs_are_looked_at_now_and_then(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TOPICS_SECONDS", 0.0)
    await bench.assigned(P0)
    bench.topic_ids.made_anew = frozenset({"gs"})
    await bench.rebalance.look_for_new_logs()
    assert bench.member.again == [P0]


async def test_an_offset_is_committed_with_the_name_of_its_log_and_our_own(bench: Bench) -> None:
    assert bench.rebalance.metadata("gs") == "log of gs ours"


async def test_what_another_installation_has_is_not_begun(bench: Bench) -> None:
    bench.ownership.refuses = True
    with pytest.raises(ForeignGroupError):
        await bench.assigned(P0)
    assert (bench.ledger.positions, bench.member.begun) == ({}, [])


async def test_partitions_are_claimed_where_they_begin_before_they_are_read(bench: Bench) -> None:
    bench.starts.begins = {P0: 60}
    await bench.assigned(P0)
    assert bench.ownership.claims == [({P0: 60}, {})]

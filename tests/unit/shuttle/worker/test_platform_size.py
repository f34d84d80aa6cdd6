"""What a change or a rebalance costs among many drains, by counts: it goes with what moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from drains.destination import Destination
from drains.routes import Route, RouteChanges, RouteMark
from events.kafka.cluster import Bounds
from events.kafka.committed import Committed
from events.kafka.records import TopicPartition
from events.keys import AppKey
from events.lines import Origin
from events.topics import ISTIO
from shuttle.commit.store import TakenOver
from shuttle.feed.context import FeedContext, WorkLists
from shuttle.feed.feed import Feed
from shuttle.feed.loss_notices import EXPIRED
from shuttle.routing import Router
from shuttle.worker.feeds import Feeds
from shuttle.worker.starts import Starts
from shuttle.worker.ticks import Ticks
from tests.support.errands import Errands
from tests.support.fake_sender import FakeReceiver
from tests.support.feed_bench import cursors

SPACES, PARTITIONS, DRAINS = 100, 4, 2_000
RECEIVER = Destination.parse("syslog://h:514")
SHARED = TopicPartition(ISTIO.topic, 0)


def key_of(number: int) -> AppKey:
    return AppKey(f"app{number // 5}", f"space{number % SPACES}")


def partitions(spaces: Iterable[int]) -> list[TopicPartition]:
    return [TopicPartition(f"space{n}", part) for n in spaces for part in range(PARTITIONS)]


class Platform:
    """A worker's feeds and its router; every drain has had a line."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[str, str]] = []
        """What was called of a feed, and whose."""
        for name in ("forget", "change_to", "close", "restore", "lose", "tend"):
            self._count(patch, name)
        self.live = dict.fromkeys([*partitions(range(SPACES)), SHARED], 1000)
        self.feeds = Feeds(FeedContext(FakeReceiver().connect, lambda: 0.0), WorkLists())
        self.router = Router(self.feeds.of_key)
        routes = [Route(str(number), key_of(number), RECEIVER) for number in range(DRAINS)]
        self.follow(RouteChanges(RouteMark(1), routes, is_whole=True))

    def _count(self, patch: pytest.MonkeyPatch, name: str) -> None:
        called = getattr(Feed, name)

        def counted(feed: Feed, *args: object, **options: object) -> object:
            self.calls.append((name, feed.route.drain_id))
            return called(feed, *args, **options)

        patch.setattr(Feed, name, counted)

    def follow(self, changes: RouteChanges) -> None:
        self.router.forget(self.feeds.follow(changes, {}, self.live))

    def meet_all(self) -> None:
        for number in range(DRAINS):
            assert self.router.wants(Origin(key_of(number), "web.1", "app", "web"))
        assert len(self.feeds.by_id) == DRAINS

    def of(self, *spaces: int) -> set[str]:
        """The drains there."""
        return {str(number) for number in range(DRAINS) if number % SPACES in spaces}


@pytest.fixture
async def platform(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Platform]:
    made = Platform(monkeypatch)
    yield made
    for feed in made.feeds.by_id.values():
        feed.close()
    await asyncio.sleep(0)


async def test_drains_without_a_line_cost_no_feed(platform: Platform) -> None:
    assert platform.feeds.by_id == {}
    platform.router.wants(Origin(key_of(7), "web.1", "app", "web"))
    assert {feed.route.key for feed in platform.feeds.by_id.values()} == {key_of(7)}


async def test_partitions_that_go_are_told_to_those_of_their_space_once(platform: Platform) -> None:
    platform.meet_all()
    platform.feeds.forget(partitions([3, 4]))
    assert sorted(platform.calls) == sorted(("forget", of) for of in platform.of(3, 4))


async def test_partitions_that_come_are_told_to_who_has_cursors_there(platform: Platform) -> None:
    came = partitions([3])
    taken = TakenOver({"3": cursors({came[0]: 40}), "4": cursors({SHARED: 40})}, {}, {})
    platform.feeds.restore(taken, came, platform.live)
    assert platform.calls == [("restore", "3")]
    assert platform.feeds.by_id.keys() == {"3"}


async def test_a_change_is_followed_by_who_is_changed(platform: Platform) -> None:
    platform.meet_all()
    web = Origin(key_of(8), "web.1", "app", "web")
    kept = platform.router.wants(web)
    changed = replace(platform.feeds.routes.by_id["7"], paused=True)
    new = Route("new", AppKey("new", "elsewhere"), RECEIVER)
    platform.follow(RouteChanges(RouteMark(2), [changed, new], gone=["9"]))

    assert sorted(platform.calls) == [("change_to", "7"), ("close", "9")]
    assert platform.router.wants(web) is kept
    assert platform.feeds.routes.spaces == {*(f"space{n}" for n in range(SPACES)), "elsewhere"}


async def test_who_loses_lines_of_a_space_is_its_own_drains(platform: Platform) -> None:
    (partition, *_) = partitions([5])
    platform.feeds.expired(partition, 100, 110)
    assert sorted(platform.calls) == sorted(("lose", of) for of in platform.of(5))
    lost = [feed.stats.lines_lost[EXPIRED] for feed in platform.feeds.by_id.values()]
    assert lost == [10] * len(platform.of(5))


async def test_who_is_looked_after_is_who_has_a_feed(platform: Platform) -> None:
    platform.router.wants(Origin(key_of(7), "web.1", "app", "web"))
    ledger, member = SimpleNamespace(positions={}), SimpleNamespace(ends=_nothing)
    lists: WorkLists[Feed] = WorkLists()
    ticks = Ticks(platform.feeds, lists, cast(Any, ledger), cast(Any, None), cast(Any, member))
    await ticks.tend()
    assert platform.calls == [("tend", of) for of in platform.feeds.by_id]
    assert len(platform.calls) == 1


async def test_partitions_that_come_are_three_questions_whatever_their_number(
    platform: Platform,
) -> None:
    asked: list[tuple[str, int]] = []

    def answer(what: str, *answers: Any) -> Any:
        async def ask(of: Collection[Any]) -> Any:
            asked.append((what, len(of)))
            return dict.fromkeys(of, *answers)

        return ask

    came = partitions(range(SPACES))
    starts = Starts(
        cast(Any, SimpleNamespace(bounds=answer("bounds", Bounds(0, 9)))),
        cast(Any, SimpleNamespace(committed=answer("offsets", Committed(5, "", "")))),
        cast(Any, None),
        platform.feeds,
        cast(Any, SimpleNamespace(learn=answer("ids"), believe=lambda *_: None)),
        Errands(),
        asyncio.Event(),
        lambda: 0.0,
    )
    found = await starts.states(lambda: came)
    assert (len(found), asked) == (400, [("ids", 100), ("offsets", 400), ("bounds", 400)])

    begun = await starts.of_partitions(found, TakenOver({}, {}, {}))
    assert begun == dict.fromkeys(came, 5)
    assert len(asked) == 3


async def _nothing(_: object) -> dict[TopicPartition, int]:
    return {}

"""Routes of another version are followed, all of it at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, cast

import pytest

from drains.routes import Route, RouteChanges
from events.kafka.records import Offsets
from events.keys import Key
from events.topics import SOURCE_TOPICS
from shuttle.commit.store import Cursors
from shuttle.feed.context import FeedContext, WorkLists
from shuttle.worker.feeds import Feeds
from shuttle.worker.route_follower import RouteFollower
from tests.support.fake_sender import FakeReceiver
from tests.support.fake_store_thread import FakeStoreThread
from tests.support.feed_bench import P0, cursors, route_of
from tests.support.memory_store import MemoryStore


class Starts:
    """Where drains go on; `while_asked` happens before it answers."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.written: list[list[str]] = []
        self.rows: Cursors = {}
        self.while_asked: Callable[[], None] = lambda: None

    async def of_drains(self, routes: Iterable[Route], here: Offsets) -> Cursors:
        self.asked.append([route.drain_id for route in routes])
        self.while_asked()
        return self.rows

    def write(self, changes: RouteChanges) -> None:
        self.written.append([route.drain_id for route in changes.routes])


class Others:
    """The router, the member of the group, and who sees to rebalances."""

    def __init__(self) -> None:
        self.meeting = asyncio.Lock()
        self.routed: list[set[Key]] = []
        self.subscribed: list[frozenset[str]] = []
        self.told: list[object] = []

    def forget(self, keys: set[Key]) -> None:
        self.routed.append(keys)

    async def subscribe(self, topics: frozenset[str], assignments: object) -> None:
        self.subscribed.append(topics)
        self.told.append(assignments)


class Bench:
    def __init__(self) -> None:
        self.database, self.starts, self.others = MemoryStore(route_of()), Starts(), Others()
        self.store_thread = FakeStoreThread(self.database)
        self.feeds = Feeds(FeedContext(FakeReceiver().connect, lambda: 0.0), WorkLists())
        others, thread = cast(Any, self.others), cast(Any, self.store_thread)
        starts = cast(Any, self.starts)
        self.routes = RouteFollower(
            thread, self.feeds, others, starts, others, others, live={P0: 100}
        )


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    yield made
    for feed in made.feeds.by_id.values():
        feed.close()
    await asyncio.sleep(0)


async def test_drains_are_met_at_their_cursors_and_routed(bench: Bench) -> None:
    bench.starts.rows = {"d1": cursors({P0: 30})}
    await bench.routes.follow()

    assert bench.feeds.of_drain("d1").gaps.offsets == {P0: 30}
    assert bench.others.routed == [{route_of().key}]
    assert bench.starts.written == [["d1"]]


async def test_what_has_not_changed_is_not_read_again(bench: Bench) -> None:
    await bench.routes.follow()
    asked = bench.store_thread.asked
    await bench.routes.follow()
    assert bench.store_thread.asked == asked + 1
    assert len(bench.others.routed) == len(bench.starts.written) == 1


async def test_a_change_is_followed_and_only_who_is_new_is_asked_for(bench: Bench) -> None:
    await bench.routes.follow()
    bench.database.change_drain("d1", paused=True)
    await bench.routes.follow()

    assert bench.feeds.of_drain("d1").state == "paused"
    assert bench.starts.asked == [["d1"], []]
    assert len(bench.others.routed) == 2


async def test_a_change_while_cursors_are_read_is_followed_the_next_time(bench: Bench) -> None:
    await bench.routes.follow()
    bench.database.change_drain("d1", paused=True)
    bench.starts.while_asked = lambda: bench.database.change_drain("d1", paused=False)
    await bench.routes.follow()
    assert bench.feeds.of_drain("d1").state == "paused"

    bench.starts.while_asked = lambda: None
    await bench.routes.follow()
    assert bench.feeds.of_drain("d1").state == "live"


async def test_routes_that_failed_on_the_way_are_followed_once_more(bench: Bench) -> None:
    def fail() -> None:
        raise RuntimeError("ours")

    bench.starts.while_asked = fail
    with pytest.raises(RuntimeError):
        await bench.routes.follow()
    bench.starts.while_asked = lambda: None
    await bench.routes.follow()
    assert list(bench.feeds.routes.by_id) == ["d1"]


async def test_no_partition_comes_between_reading_cursors_and_following_them(bench: Bench) -> None:
    locked: list[bool] = []
    bench.starts.while_asked = lambda: locked.append(bench.others.meeting.locked())
    async with bench.others.meeting:
        following = asyncio.create_task(bench.routes.follow())
        await asyncio.sleep(0)
        assert bench.starts.asked == []

    await following
    assert (locked, bench.others.meeting.locked()) == ([True], False)


async def test_topics_of_spaces_with_drains_are_subscribed_to_once(bench: Bench) -> None:
    await bench.routes.follow()
    await bench.routes.follow()
    assert bench.others.subscribed == [SOURCE_TOPICS | {"gs"}]
    assert bench.routes.topics.subscribed == SOURCE_TOPICS | {"gs"}
    assert bench.others.told == [bench.others], "who sees to rebalances"

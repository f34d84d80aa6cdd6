"""Feeds are made, changed and closed as routes say; each hears of the partitions it may want."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from drains.destination import NOWHERE, Destination
from drains.routes import Route, RouteChanges, RouteMark
from events.kafka.records import TopicPartition
from events.keys import AppKey, Key, SiteKey
from events.topics import BUILD, ROUTER
from shuttle.commit.store import Cursors, TakenOver
from shuttle.feed.context import FeedContext, WorkLists
from shuttle.feed.feed import Feed
from shuttle.feed.loss_notices import EXPIRED, NEW_LOG
from shuttle.worker.feeds import Feeds
from tests.support.fake_sender import FakeReceiver
from tests.support.feed_bench import P0, P1, cursors, windows

GOLD, LEAD, SITE = AppKey("gold", "gs"), AppKey("lead", "other"), SiteKey("www.gold.example")
R0 = TopicPartition(ROUTER.topic, 0)
LIVE = {P0: 100, P1: 100, R0: 100}


def route(drain_id: str, key: Key = GOLD, **changes: Any) -> Route:
    return replace(Route(drain_id, key, Destination.parse("syslog://h:514")), **changes)


class Bench:
    def __init__(self) -> None:
        self.lists: WorkLists[Feed] = WorkLists()
        self.feeds = Feeds(FeedContext(FakeReceiver().connect, lambda: 0.0), self.lists)

    def follow(self, *routes: Route, rows: Cursors | None = None) -> None:
        self.feeds.follow(RouteChanges(RouteMark(1), routes, is_whole=True), rows or {}, LIVE)

    def __getitem__(self, drain_id: str) -> Feed:
        return self.feeds.of_drain(drain_id)

    def lost(self) -> dict[str, dict[str, int]]:
        """By drain that has lost any, and reason."""
        lost = {drain_id: feed.stats.lines_lost for drain_id, feed in self.feeds.by_id.items()}
        return {drain_id: dict(lines) for drain_id, lines in lost.items() if lines}


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    yield made
    for feed in made.feeds.by_id.values():
        feed.close()
    await asyncio.sleep(0)


# Routes.


async def test_feeds_are_found_by_drain_and_by_whose_lines_they_get(bench: Bench) -> None:
    bench.follow(route("1"), route("2"), route("3", SITE))
    assert bench.feeds.of_key(GOLD) == [bench["1"], bench["2"]]
    assert bench.feeds.of_key(SITE) == [bench["3"]]
    assert bench.feeds.of_key(LEAD) == []


async def test_a_drain_of_which_nothing_is_to_be_said_has_no_feed(bench: Bench) -> None:
    unread = route("3", destination=NOWHERE, fault="lacks the key")
    bench.follow(route("1"), route("2", paused=True), unread)
    assert bench.feeds.by_id.keys() == {"3"}

    bench.feeds.of_key(GOLD)
    assert bench.feeds.by_id.keys() == {"1", "2", "3"}


async def test_a_try_that_is_asked_for_is_made_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.follow(route("1"), route("2"))
    tried: list[str] = []
    for name in ("1", "2"):
        link = bench[name].outbound.delivery.link
        monkeypatch.setattr(link, "try_now", partial(tried.append, name))
    for _ in range(2):
        bench.follow(route("1", tries=1), route("2", paused=True))
    assert tried == ["1"]


async def test_a_drain_that_is_gone_is_closed_and_another_stays_as_it_is(bench: Bench) -> None:
    bench.follow(route("1"), route("2", LEAD))
    gone, stays = bench["1"], bench["2"]
    bench.follow(route("2", LEAD))

    assert (gone.is_closed, bench["2"] is stays, stays.is_closed) == (True, True, False)
    assert (bench.feeds.of_key(GOLD), bench.feeds.of_key(LEAD)) == ([], [stays])
    assert bench.feeds.routes.spaces == {"other"}


async def test_a_drain_that_was_edited_keeps_its_place(bench: Bench) -> None:
    bench.follow(route("1"), rows={"1": cursors({P0: 40})})
    feed = bench["1"]
    bench.follow(route("1", paused=True))
    assert (bench["1"] is feed, feed.state, feed.gaps.offsets) == (True, "paused", {P0: 40})


async def test_a_drain_that_cannot_be_read_keeps_its_feed_and_its_place(bench: Bench) -> None:
    bench.follow(route("1"), rows={"1": cursors({P0: 40})})
    feed, unread = bench["1"], route("1", destination=NOWHERE, fault="lacks the key")
    bench.follow(unread)
    assert (bench["1"] is feed, feed.state, feed.gaps.offsets) == (True, "failing", {P0: 40})

    bench.feeds.forget([P0])
    bench.feeds.restore(TakenOver({"1": cursors({P0: 30})}, {}, {}), [P0], LIVE)
    assert feed.gaps.offsets == {P0: 30}
    assert bench.feeds.unmet(RouteChanges(RouteMark(2), [unread])) == []


async def test_cursors_are_read_of_drains_that_are_new_or_that_others_have_moved(
    bench: Bench,
) -> None:
    bench.follow(route("1"), route("2"))
    others = route("2", cursor_version=1), route("3"), route("4", SITE)
    changes = RouteChanges(RouteMark(2), [route("1", paused=True), *others])
    assert [unmet.drain_id for unmet in bench.feeds.unmet(changes)] == ["2", "3", "4"]


async def test_a_new_drain_begins_at_its_rows_and_one_that_has_begun_only_goes_back(
    bench: Bench,
) -> None:
    bench.follow(route("1"), rows={"1": cursors({P0: 40, P1: 120})})
    assert (bench["1"].gaps.offsets, bench["1"].gaps.live_from) == ({P0: 40}, {P1: 120})

    moved = windows({R0: 30}) | cursors({P0: 20})
    bench.follow(route("1", cursor_version=1), rows={"1": moved})
    assert bench["1"].gaps.offsets == {P0: 40, R0: 30}


async def test_one_that_waited_for_its_start_begins_there(bench: Bench) -> None:
    bench.follow(route("1", start_pending=True))
    bench.follow(route("1"), rows={"1": cursors({P0: 40})})
    assert bench["1"].gaps.offsets == {P0: 40}
    assert not bench["1"].gaps.lagging


# Partitions.


@pytest.mark.parametrize(
    ("key", "topic", "wants"),
    [
        (GOLD, "gs", True),
        (GOLD, "other", False),
        (GOLD, BUILD.topic, True),
        (SITE, ROUTER.topic, True),
        (SITE, "gs", False),
    ],
)
async def test_who_can_have_lines_of_a_topic(
    bench: Bench, key: Key, topic: str, wants: bool
) -> None:
    bench.follow(route("1", key))
    assert [of.drain_id for of in bench.feeds.routes.wanting(topic)] == ["1"] * wants


async def test_who_was_behind_goes_on_there_in_partitions_that_came(bench: Bench) -> None:
    bench.follow(route("1"), route("2"))
    taken = TakenOver({"1": cursors({P0: 40, P1: 50}), "gone": cursors({P0: 1})}, {}, {})
    bench.feeds.restore(taken, [P0], LIVE)

    assert (bench["1"].gaps.offsets, bench["2"].gaps.offsets) == ({P0: 40}, {})
    assert bench["1"].gaps.lagging


async def test_what_was_missing_of_a_log_that_is_no_more_is_lost(bench: Bench) -> None:
    bench.follow(route("1"), route("2"), rows={"1": cursors({P0: 40, P1: 70})})
    bench.feeds.restore(TakenOver({}, {"1": [P0, P1], "gone": [P0]}, {}), [P0], LIVE)

    assert bench.lost() == {"1": {NEW_LOG: 60}}
    assert bench["1"].gaps.offsets == {P1: 70}


async def test_what_left_kafka_is_lost_to_who_would_have_had_it_live(bench: Bench) -> None:
    rows = {"behind": cursors({P0: 40}), "ahead": cursors({P0: 107}), "beyond": cursors({P0: 500})}
    others = route("waits", start_pending=True), route("site", SITE)
    bench.follow(*map(route, ("live", *rows)), *others, rows=rows)
    bench.feeds.expired(P0, 100, 110)

    assert bench.lost() == {"live": {EXPIRED: 10}, "ahead": {EXPIRED: 3}}


async def test_of_partitions_that_are_other_logs_all_is_lost_that_was_missing(
    bench: Bench,
) -> None:
    bench.follow(route("1"), route("2", LEAD), rows={"1": cursors({P0: 40, R0: 90})})
    bench.feeds.new_logs([P0, P1])

    assert bench.lost() == {"1": {NEW_LOG: 60}}
    assert bench["1"].gaps.offsets == {R0: 90}


async def test_partitions_that_go_are_forgotten_by_all_who_could_have_them(bench: Bench) -> None:
    both = cursors({P0: 40, R0: 90})
    bench.follow(route("1"), route("2", SITE), rows={"1": both, "2": cursors({R0: 80})})
    bench.feeds.forget(iter([P0]))
    assert (bench["1"].gaps.offsets, bench["2"].gaps.offsets) == ({R0: 90}, {R0: 80})

    bench.feeds.forget([R0])
    assert (bench["1"].gaps.offsets, bench["2"].gaps.offsets) == ({}, {})
    assert bench.lists.behind == set()


# Feeds whose lines others read.


async def test_of_whom_nothing_is_left_here_is_let_go_with_all_of_its_app(bench: Bench) -> None:
    bench.follow(route("1"), route("2"), route("3", LEAD), route("4", SITE), route("5", LEAD))
    gone = [*bench.feeds.of_key(GOLD), bench["4"]]
    stays = bench["3"]
    gone[0].outbound.health.failed("refused", 0.0)  # others know better by now
    assert bench.feeds.let_go({"other", BUILD.topic}) == {GOLD, SITE}
    assert [feed.is_closed for feed in gone] == [True] * 3
    assert bench.feeds.by_id == {"3": stays}
    assert bench.feeds.let_go({"other"}) == set()
    assert bench["1"] is not gone[0]


@pytest.mark.parametrize(
    "busy",
    [
        lambda feed: feed.begin(cursors({P0: 40}), LIVE),
        lambda feed: feed.begin(cursors({P0: 107}), LIVE),
        lambda feed: feed.lose(3, EXPIRED),
    ],
    ids=["behind", "ahead", "a notice waits"],
)
async def test_who_has_anything_left_stays(bench: Bench, busy: Callable[[Feed], object]) -> None:
    bench.follow(route("1"), route("2"))
    bench.feeds.of_key(GOLD)
    busy(bench["2"])
    assert bench.feeds.let_go({"other"}) == set()
    assert bench.feeds.by_id.keys() == {"1", "2"}

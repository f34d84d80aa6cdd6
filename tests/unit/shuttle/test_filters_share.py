"""Filters cost their owner's share of a worker's time and no more; nothing is lost for it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import pairwise
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from drains.filters import LineFilter
from events.kafka.batch_size import WORK_SECONDS
from events.kafka.records import Offsets, TopicPartition
from shuttle.feed.filter_shares import SECONDS_A_SECOND, SLOW_FILTER
from tests.support.feed_bench import P0, P1
from tests.support.filter_bench import FilterBench, Time
from tests.support.records import kubernetes_event
from tests.support.replayed_log import NOW_MS, Log, Record
from tests.support.replaying import hurry

SLOW_MS = 8
TWENTY = [LineFilter(include="x" * number) for number in range(1, 21)]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    hurry(monkeypatch)
    return _time(monkeypatch)


def _time(patch: pytest.MonkeyPatch) -> Time:
    """What a line's text begins with is how long a filter takes for it: `8` milliseconds."""
    made = Time(patch)
    made.cost_of = lambda text: float(text.split(b" ")[0]) / 1000
    return made


def record(at: int, app: str, cost_ms: float, words: str = "x", partition: int = 0) -> Record:
    text = f"{cost_ms} {words} {partition}-{at}"
    return Record(at, NOW_MS, kubernetes_event(text, container=app, pod=f"{app}-1"))


def log(*records: tuple[str, float]) -> dict[TopicPartition, Log]:
    return {P0: Log([record(at, *of) for at, of in enumerate(records)])}


def calm(bench: FilterBench) -> None:
    """All that is sent is read, and its cursors are stored."""
    for feed in bench.feeds.values():
        bench.confirm(feed)
        bench.store(feed)
    bench.commit()


async def test_no_turn_of_the_loop_is_longer_than_a_share_and_a_record(clock: Time) -> None:
    """Twenty drains of one app; each would take 8 ms for each of its lines."""
    logs = log(*[("gold", SLOW_MS), ("lead", 0)] * 100)
    bench = FilterBench(clock, logs, {"gold": TWENTY, "lead": [LineFilter()]}, sizes=(200,))
    await bench.begin({P0: 0})
    while not bench.has_read_all:
        await bench.step()

    assert max(bench.turns) <= SECONDS_A_SECOND + SLOW_MS / 1000
    assert sum(bench.turns) <= SECONDS_A_SECOND + SLOW_MS / 1000, "no time has gone by"
    assert len(bench.turns) <= 3
    bench.flush()
    assert set(bench.sent("lead0")[0]) == bench.wanted("lead0")
    errors = {name: of.outbound.health.last_error.text for name, of in bench.feeds.items()}
    assert errors.pop("lead0") == ""
    assert set(errors.values()) == {SLOW_FILTER}
    assert {of.state for of in bench.feeds.values()} == {"live", "replaying"}
    assert bench.context.totals.filters_too_slow == 20
    assert bench.context.filter_shares.spent == pytest.approx(sum(bench.turns))
    bench.close()


async def test_what_it_left_is_replayed_at_its_share(clock: Time) -> None:
    logs = log(*[("gold", SLOW_MS)] * 50)
    bench = FilterBench(clock, logs, {"gold": [LineFilter(include="x")]})
    await bench.begin({P0: 0})
    began, spent = clock.now, []

    def on_turn(_: int) -> None:
        calm(bench)
        spent.append(bench.context.filter_shares.spent / (1 + clock.now - began))

    await bench.run(on_turn)
    assert max(spent) <= SECONDS_A_SECOND * 1.5
    assert spent[-1] >= SECONDS_A_SECOND / 2
    assert bench.sent("gold0") == [[(0, at) for at in range(50)]], "in order, and once"
    assert clock.asked < 60, "nearly nothing is asked twice"
    assert bench.feeds["gold0"].state == "live"
    bench.close()


async def test_the_rest_of_a_batch_that_takes_too_long_is_one_of_its_own(clock: Time) -> None:
    """No owner is over its share; all together take too long for one turn."""
    apps = [f"app{number}" for number in range(10)]
    logs = log(*[(app, 2) for app in apps])
    filters = {app: [LineFilter(include="x")] for app in apps}
    bench = FilterBench(clock, logs, filters, sizes=(10,))
    await bench.begin({P0: 0})
    ends = []
    while not bench.has_read_all:
        await bench.step()
        ends.append(bench.ledger.positions[P0])
    bench.flush()

    assert ends == [3, 6, 9, 10]
    assert max(bench.turns) < WORK_SECONDS + 0.002
    assert all(bench.sent(f"{app}0") == [[(0, n)]] for n, app in enumerate(apps))
    assert clock.asked == 10, "nothing twice"
    bench.close()


async def test_records_that_are_no_lines_are_counted_once_however_a_batch_is_cut(
    clock: Time,
) -> None:
    records = [record(at, "gold", 3) if at % 2 else Record(at, NOW_MS, b"{") for at in range(8)]
    bench = FilterBench(clock, {P0: Log(records)}, {"gold": [LineFilter(include="x")]})
    await bench.begin({P0: 0})
    while not bench.has_read_all:
        await bench.step()
    assert len(bench.turns) > 1
    assert bench.decoder.malformed.counts.total() == 4
    bench.close()


async def test_records_of_a_piece_that_is_cut_again_are_counted_once(clock: Time) -> None:
    kinds = [Record(at, NOW_MS, b"{") for at in range(33)]
    kinds[2], kinds[20] = record(2, "gold", 6), record(20, "gold", 6)
    bench = FilterBench(clock, {P0: Log(kinds)}, {"gold": [LineFilter(include="x")]}, sizes=(40,))
    await bench.begin({P0: 0})
    while not bench.has_read_all:
        await bench.step()
    assert bench.decoder.malformed.counts.total() == 31
    bench.close()


@pytest.mark.parametrize("cost", [0.1, 1, 3])
async def test_lines_that_are_cheaper_than_the_share_get_on_in_a_replay(
    cost: float, clock: Time
) -> None:
    """However little of a share a replay may begin with: it goes on from where it stopped."""
    logs = log(*[("gold", cost)] * (600 if cost < 1 else 60))
    bench = FilterBench(clock, logs, {"gold": [LineFilter(include="x")] * 3}, sizes=(200,))
    await bench.begin({P0: 0})

    def confirm_all(_: int) -> None:
        for feed in bench.feeds.values():
            bench.confirm(feed)

    await bench.run(confirm_all)

    assert all(set(bench.sent(name)[0]) == bench.wanted(name) for name in bench.feeds)
    bench.close()


async def test_a_worker_that_is_back_at_the_same_lines_goes_on(clock: Time) -> None:
    logs = log(*[("gold", SLOW_MS), ("lead", 0)] * 100)
    filters = {"gold": TWENTY, "lead": [LineFilter()]}
    first = FilterBench(clock, logs, filters, sizes=(200,))
    await first.begin({P0: 0})
    await first.step()
    for feed in first.feeds.values():
        first.store(feed)
    first.close()  # it is killed, with nothing committed

    again = FilterBench(clock, logs, filters, sizes=(200,), before=first)
    await again.begin({P0: 0})
    asked = clock.asked
    while not again.has_read_all:
        await again.step()
    again.flush()
    assert sum(again.turns) <= SECONDS_A_SECOND + SLOW_MS / 1000
    assert clock.asked - asked <= 4
    assert set(again.sent("lead0")[0]) == again.wanted("lead0")
    again.close()


async def test_drains_without_patterns_of_the_same_app_stay_live(clock: Time) -> None:
    logs = log(*[("gold", 30)] * 20)
    filters = [LineFilter(include="x"), LineFilter(), LineFilter(streams=frozenset({"stdout"}))]
    bench = FilterBench(clock, logs, {"gold": filters})
    await bench.begin({P0: 0})
    while not bench.has_read_all:
        await bench.step()
    bench.flush()
    assert [feed.state for feed in bench.feeds.values()] == ["replaying", "live", "live"]
    for name in ("gold1", "gold2"):
        assert bench.sent(name) == [[(0, at) for at in range(20)]]
    bench.close()


async def test_who_skips_what_it_lacks_is_told_about_how_many(clock: Time) -> None:
    bench = FilterBench(clock, log(*[("gold", 30)] * 20), {"gold": [LineFilter(include="x")]})
    await bench.begin({P0: 0})
    while not bench.has_read_all:
        await bench.step()
    gaps = bench.feeds["gold0"].gaps
    assert not gaps.lag_is_counted
    skipped = gaps.skip({P0: 20}, {P0: 20})
    assert (skipped.exact, skipped.lines) == (False, 19), "the first has been handed over"
    bench.close()


class Story(NamedTuple):
    """What lies in Kafka, how dear it is, and what happens meanwhile."""

    logs: dict[TopicPartition, Log]
    filters: dict[str, list[LineFilter]]
    sizes: list[int]
    chance: int
    resets: bool
    dies_after: int


_costs = st.sampled_from([0.0, 0.0, 0.0, 0.1, 1, 3, 8, 30])
_words = st.sampled_from(["x", "y", "x y", "z"])
_filter = st.sampled_from(
    [LineFilter(), *(LineFilter(include=word) for word in "xyz"), LineFilter(include="x y")]
)


@st.composite
def _logs(draw: st.DrawFn) -> dict[TopicPartition, Log]:
    logs = {}
    for partition in draw(st.sampled_from([[P0], [P0, P1]])):
        number = partition.number
        lines = draw(st.lists(st.tuples(st.sampled_from(["gold", "lead", "iron"]), _costs, _words)))
        gaps = draw(st.lists(st.sampled_from([1, 1, 1, 4]), min_size=len(lines)))
        at, records = 0, []
        for (app, cost, words), gap in zip(lines, gaps, strict=False):
            bad = Record(at, NOW_MS, b"{")
            records.append(bad if cost == 0.1 else record(at, app, cost, words, number))
            at += gap
        logs[partition] = Log(records, at)
    return logs


_stories = st.builds(
    Story,
    logs=_logs(),
    filters=st.fixed_dictionaries(
        {"gold": st.lists(_filter, min_size=1, max_size=4)}, optional={"lead": st.just([_filter])}
    ).map(lambda of: of | {"lead": [LineFilter(include="x")]}),
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    chance=st.integers(0, 1000),
    resets=st.booleans(),
    dies_after=st.sampled_from([0, 0, 3, 10]),
)


@settings(max_examples=60, deadline=None, phases=[Phase.reuse, Phase.generate])
@given(story=_stories)
def test_each_line_comes_in_order_however_batches_are_cut_and_drains_leave(story: Story) -> None:
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch)
        asyncio.run(_told(story, _time(patch)))


async def _told(story: Story, clock: Time) -> None:
    chance, begin = Random(story.chance), dict.fromkeys(story.logs, 0)
    first = None
    if story.dies_after:
        first = FilterBench(clock, story.logs, story.filters, story.sizes)
        await first.begin(begin)
        with suppress(_KilledError):
            await first.run(lambda number: _happens(first, story, chance, number))
        begin |= first.ledger.safe
        first.close()
    bench = FilterBench(clock, story.logs, story.filters, story.sizes, first)
    bench.turn_seconds = 0.5
    await bench.begin(begin)
    calmly = story._replace(dies_after=0)
    await bench.run(lambda number: _happens(bench, calmly, chance, number))
    for name in bench.feeds:
        sent = bench.sent(name)
        everything = {line for lines in sent for line in lines}
        assert everything | bench.confirmed(name) == bench.wanted(name), "all, and nothing else"
        for lines in sent:
            _assert_ordered(lines)
        if not (story.resets or story.dies_after):
            assert len(sent) == 1
    assert max(bench.turns, default=0) <= SECONDS_A_SECOND + 3 * 0.03
    bench.close()
    await asyncio.sleep(0)


class _KilledError(Exception):
    pass


def _happens(bench: FilterBench, story: Story, chance: Random, number: int) -> None:
    for feed in bench.feeds.values():
        if chance.random() < 0.5:
            bench.confirm(feed)
        if chance.random() < 0.5:
            bench.store(feed)
        sender = bench.sender(feed)
        if story.resets and sender is not None and number < 40 and chance.random() < 0.1:
            sender.ended(ConnectionResetError())
    bench.commit()
    _assert_safe(bench)
    if story.dies_after and number >= story.dies_after:
        raise _KilledError


def _assert_safe(bench: FilterBench) -> None:
    """What may be committed is confirmed, or a cursor at or before it is stored."""
    for name in bench.feeds:
        owed = bench.wanted(name) - bench.confirmed(name)
        rows: Offsets = bench.rows.get(name, {})
        for number, at in owed:
            partition = TopicPartition(P0.topic, number)
            if at < bench.ledger.safe.get(partition, 0):
                assert rows.get(partition, at + 1) <= at, f"{name} owes {number}-{at}"


def _assert_ordered(lines: list[tuple[int, int]]) -> None:
    """Over one connection, lines of one tag and partition."""
    for partition in {number for number, _ in lines}:
        offsets = [at for number, at in lines if number == partition]
        assert all(one < other for one, other in pairwise(offsets)), offsets

"""The age limit skips and counts, and never waits, whatever the stamps."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from events.kafka.records import HOUR_MS, YEAR_2000_MS, TopicPartition
from shuttle.feed import link, look_ups
from shuttle.feed.look_ups import LookUps
from shuttle.feed.loss_notices import TOO_OLD
from shuttle.replay import passes as replay
from shuttle.replay import skips as jumps
from shuttle.replay.ages import Ages
from tests.support.feed_bench import P0, P1, cursors
from tests.support.replayed_log import NOW_MS, Log, Record, ReplayBench, ages_of, records_of

LIMIT = 100
YOUNG_MS = NOW_MS - LIMIT * 1000
OLD, YOUNG = YOUNG_MS - 1, YOUNG_MS
AGAIN = 7
"""In place of AGAIN_RECORDS: logs here are short."""
ODD = [
    -1,
    0,
    NOW_MS // 1000,
    NOW_MS * 1000,
    YEAR_2000_MS - 1,
    NOW_MS + HOUR_MS + 1,
]
"""Stamps that are no times of now."""


def ages_in(made: Ages, begin: int, *stamps: int, young_ms: float = YOUNG_MS) -> list[float] | None:
    records = records_of(P0, [Record(begin + at, stamp, b"x") for at, stamp in enumerate(stamps)])
    found = made.of(records, young_ms, NOW_MS)
    if found is None:
        return None
    assert list(found) == list(range(begin, begin + len(stamps)))
    return list(found.values())


# Ages.


@pytest.mark.parametrize("stamp", [YEAR_2000_MS, OLD])
def test_a_credible_stamp_is_an_age(stamp: int) -> None:
    assert ages_in(Ages(), 0, stamp) == [stamp]


@pytest.mark.parametrize("stamp", [YOUNG, NOW_MS, NOW_MS + HOUR_MS])
def test_what_is_surely_young_is_not_looked_at(stamp: int) -> None:
    assert ages_in(Ages(), 0, stamp, stamp) is None


@pytest.mark.parametrize("stamp", ODD)
def test_an_odd_stamp_says_nothing(stamp: int) -> None:
    made = Ages()
    assert all(age == math.inf for age in ages_in(made, 0, stamp) or [])
    assert ages_in(made, 1, OLD, stamp) == [OLD, OLD]
    assert ages_in(made, 3, stamp, NOW_MS, stamp) == [OLD, NOW_MS, NOW_MS]


@pytest.mark.parametrize("stamp", [YEAR_2000_MS, NOW_MS + HOUR_MS])
def test_the_edges_of_what_is_credible_end_an_inheritance(stamp: int) -> None:
    made = Ages()
    ages_in(made, 0, OLD)
    assert ages_in(made, 1, 0, stamp, 0) == [OLD, stamp, stamp]


@pytest.mark.parametrize("stamp", ODD)
def test_an_age_is_inherited_from_run_to_run(stamp: int) -> None:
    made = Ages()
    ages_in(made, 0, YOUNG, OLD)
    assert ages_in(made, 2, stamp) == [OLD]
    assert ages_in(made, 3, stamp, stamp) == [OLD, OLD]


def test_a_young_record_ends_the_inheritance() -> None:
    made = Ages()
    ages_in(made, 0, OLD)
    assert ages_in(made, 1, YOUNG) is None
    assert ages_in(made, 2, NOW_MS * 1000) is None
    assert all(age == math.inf for age in ages_in(made, 3, 0) or [])


def test_partitions_inherit_nothing_from_each_other() -> None:
    made = Ages()
    ages_in(made, 0, OLD)
    assert made.of(records_of(P1, [Record(0, NOW_MS * 1000, b"x")]), YOUNG_MS, NOW_MS) is None
    assert ages_in(made, 1, 0) == [OLD]


# LookUps.


def test_a_look_up_is_due_behind_a_record_that_was_too_old() -> None:
    made = LookUps()
    made.too_old_before(P0, 10)
    made.too_old_before(P0, 20)
    assert made.due == {P0: 20}


def test_nothing_is_looked_up_twice_without_progress_between() -> None:
    made = LookUps()
    made.too_old_before(P0, 10)
    made.answered(P0, 10)
    assert made.due == {}

    made.too_old_before(P0, 10 + AGAIN - 1)
    made.too_old_before(P1, 11)
    assert made.due == {P1: 11}
    made.too_old_before(P0, 10 + AGAIN)
    assert made.due == {P0: 10 + AGAIN, P1: 11}


def test_a_look_up_waits_for_a_replay_that_stepped_back() -> None:
    made = LookUps()
    made.too_old_before(P0, 10)
    made.too_old_before(P1, 10)
    assert made.wanted({P0: 10, P1: 9}) == {P0: 10}
    assert made.wanted({P0: 9, P1: 12}) == {P1: 10}
    assert made.wanted({}) == {}


def test_a_partition_that_came_back_may_be_looked_up_at_once() -> None:
    made = LookUps()
    made.too_old_before(P0, 10)
    made.answered(P0, 10)
    made.too_old_before(P1, 10)
    made.forget(P0)
    made.forget(P1)
    assert made.due == {}
    made.too_old_before(P0, 11)
    assert made.due == {P0: 11}


# Replays, for real.


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(look_ups, "AGAIN_RECORDS", AGAIN)
    monkeypatch.setattr(jumps, "LOOK_UP_SECONDS", 0.001)
    monkeypatch.setattr(link, "RETRY_FIRST_SECONDS", 0.0)
    monkeypatch.setattr(link, "RETRY_MAX_SECONDS", 0.0)


def logs_of(*stamps: int) -> dict[TopicPartition, Log]:
    return {P0: Log([Record.line(at, stamp) for at, stamp in enumerate(stamps)])}


def bench_of(
    *stamps: int,
    answers: Sequence[str] = ("offsets",),
    sizes: Sequence[int] = (3,),
    url: str = "syslog://127.0.0.1:514",
    limit: int = LIMIT,
) -> ReplayBench:
    """A drain that is behind from 0 on."""
    logs, live = logs_of(*stamps), {P0: len(stamps)}
    bench = ReplayBench(logs, live, [limit], url=url, answers=answers, sizes=sizes)
    bench.feeds[0].restore(cursors({P0: 0}), bench.live)
    return bench


def texts(*offsets: int) -> set[str]:
    return {f"0-{offset}" for offset in offsets}


async def test_old_records_are_jumped_over_at_once() -> None:
    bench = bench_of(*[OLD] * 40, *[YOUNG] * 5)
    (feed,) = bench.feeds
    await bench.run()

    assert bench.delivered(feed) >= texts(*range(40, 45))
    assert (bench.cluster.asked, feed.stats.lines_lost) == ([P0], {TOO_OLD: 40})


@pytest.mark.parametrize("answer", ["failure", "silence", "leaderless"])
async def test_without_an_answer_each_record_is_looked_at(answer: str) -> None:
    bench = bench_of(*[OLD, YOUNG] * 10, answers=[answer])
    (feed,) = bench.feeds
    await bench.run()

    assert bench.delivered(feed) >= texts(*range(1, 20, 2))
    assert feed.stats.lines_lost == {TOO_OLD: 10}
    assert len(bench.cluster.asked) <= 1 + 20 // AGAIN


async def test_a_young_stamp_before_all_old_ones_makes_nobody_wait() -> None:
    """The first young record that Kafka finds lies before the gap, each time."""
    bench = bench_of(*[NOW_MS] * 3, *[OLD] * 30, *[YOUNG] * 3)
    (feed,) = bench.feeds
    await bench.run()

    assert bench.delivered(feed) >= texts(0, 1, 2, 33, 34, 35)
    assert feed.stats.lines_lost == {TOO_OLD: 30}
    assert len(bench.cluster.asked) <= 1 + 36 // AGAIN


async def test_a_step_back_while_it_is_looked_up_skips_nothing_that_may_be_young() -> None:
    """What comes before the record that was too old is as old as nobody knows."""
    bench = bench_of(*[0] * 4, *[OLD] * 20, YOUNG)
    (feed,) = bench.feeds

    def fail_once() -> None:
        if not bench.failures:
            bench.fail(feed)

    bench.on_question = fail_once
    await bench.run()

    assert bench.failures
    assert bench.delivered(feed) >= texts(0, 1, 2, 3, 24)


async def test_lines_that_come_while_it_is_looked_up_are_not_skipped() -> None:
    bench = bench_of(*[OLD] * 20)
    (feed,) = bench.feeds
    bench.on_question = lambda: bench.grow(P0, NOW_MS)
    await bench.run()

    assert bench.delivered(feed) >= texts(20)


async def test_old_and_young_runs_of_a_partition_may_share_a_batch() -> None:
    logs = logs_of(*[YOUNG] * 3, *[OLD] * 3)
    logs[P1] = Log([Record.line(at, YOUNG, 1) for at in range(6)])
    bench = ReplayBench(logs, {P0: 6, P1: 6}, [LIMIT])
    (feed,) = bench.feeds
    feed.restore(cursors({P0: 0, P1: 0}), bench.live)
    await bench.run()

    assert bench.delivered(feed) >= texts(0, 1, 2) | {f"1-{at}" for at in range(6)}
    assert feed.stats.lines_lost == {TOO_OLD: 3}


async def test_a_jump_beyond_what_is_to_be_sent_again_sends_what_there_is_of_it() -> None:
    """A request failed; while it is put together again, the rest of it has grown too old."""
    first, rest = [3, 3], [1] * 100
    bench = bench_of(*[0] * 6, *[YOUNG] * 3, url="http://127.0.0.1:80/", sizes=first + rest)
    (feed,) = bench.feeds

    def fail_once(number: int) -> None:
        if number == 2:
            bench.fail(feed)
            bench.logs[P0].records[1:6] = [Record.line(at, OLD) for at in range(1, 6)]

    bench.on_batch = fail_once
    await bench.run()

    assert bench.failures
    assert bench.delivered(feed) >= texts(0, 6, 7, 8)
    assert feed.stats.lines_lost == {TOO_OLD: 5}


async def test_a_limit_that_is_set_lower_counts_for_a_pass_that_has_begun() -> None:
    bench = bench_of(*[OLD] * 60, answers=["failure"], limit=10**6)
    (feed,) = bench.feeds

    def lower(number: int) -> None:
        if number == 3:
            options = replace(feed.route.options, max_lag_seconds=LIMIT)
            feed.change_to(replace(feed.route, options=options))

    bench.on_batch = lower
    await bench.run()

    assert len(bench.sent(feed)) <= 3 * 6 + 1  # a notice, too
    assert feed.stats.lines_lost[TOO_OLD] >= 60 - 3 * 6


def test_stamps_that_say_nothing_cost_a_drain_nothing() -> None:
    assert ages_in(Ages(), 0, *ODD) is None


# For any log.

_stamp = (
    st.sampled_from([*ODD, OLD, YOUNG, YEAR_2000_MS, NOW_MS, NOW_MS + HOUR_MS, OLD - 10**6])
    | st.sampled_from([OLD, YOUNG])
    | st.integers(-1, 10**16)
)
_value = st.sampled_from(["ours", "ours", "theirs", "bad", "none"])


@st.composite
def _logs(draw: st.DrawFn) -> dict[TopicPartition, Log]:
    logs = {}
    for partition in draw(st.sampled_from([[P0], [P0, P1]])):
        low = draw(st.sampled_from([0, 0, 3]))
        at, records = low, []
        blocks = draw(st.lists(st.tuples(_stamp, st.integers(1, 8)), max_size=10))
        for stamp, length in blocks:
            for _ in range(length):
                at += draw(st.sampled_from([0, 0, 0, 0, 1, 5]))
                records.append(_record(draw(_value), at, stamp, partition.number))
                at += 1
        logs[partition] = Log(records, at + draw(st.sampled_from([0, 0, 2])), low)
    return logs


def _record(kind: str, offset: int, stamp: int, partition: int) -> Record:
    if kind == "bad":
        return Record(offset, stamp, b"{")
    if kind == "none":
        return Record(offset, stamp, None)
    return Record.line(offset, stamp, partition, "gold" if kind == "ours" else "lead")


@settings(max_examples=100, phases=[Phase.reuse, Phase.generate])
@given(
    logs=_logs(),
    gap_parts=st.lists(st.lists(st.floats(0, 1), min_size=2, max_size=2), min_size=1, max_size=3),
    limits=st.lists(st.sampled_from([LIMIT, LIMIT, 1, 10**6]), min_size=3, max_size=3),
    live_part=st.sampled_from([1.0, 1.0, 0.8]),
    answers=st.lists(
        st.sampled_from(["offsets", "offsets", "failure", "silence", "leaderless"]),
        min_size=1,
        max_size=4,
    ),
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    url=st.sampled_from(["syslog://127.0.0.1:514", "http://127.0.0.1:80/"]),
    resets=st.lists(st.integers(1, 20), max_size=3),
    resets_asked=st.booleans(),
    comes=st.lists(_stamp, max_size=4),
)
def test_each_line_is_delivered_or_counted_and_nothing_is_waited_for(
    logs: dict[TopicPartition, Log],
    gap_parts: list[list[float]],
    limits: list[int],
    live_part: float,
    answers: list[str],
    sizes: list[int],
    url: str,
    resets: list[int],
    resets_asked: bool,
    comes: list[int],
) -> None:
    async def replayed() -> None:
        live = {partition: int(log.end * live_part) for partition, log in logs.items()}
        feeds = len(gap_parts)
        bench = ReplayBench(logs, live, limits[:feeds], url=url, answers=answers, sizes=sizes)
        begun = {}
        for feed, parts in zip(bench.feeds, gap_parts, strict=True):
            begun[feed] = {s: int(live[s] * part) for s, part in zip(live, parts, strict=False)}
            feed.restore(cursors(begun[feed]), live)

        def on_batch(number: int) -> None:
            if number in resets:
                bench.fail(bench.feeds[number % feeds])

        def on_question() -> None:
            if resets_asked and len(resets) > bench.failures:
                bench.fail(bench.feeds[0])
            if comes:
                bench.grow(P0, comes.pop())

        bench.on_batch, bench.on_question = on_batch, on_question
        await bench.run()

        for feed, gaps in begun.items():
            young_ms = NOW_MS - feed.route.options.max_lag_seconds * 1000
            delivered = bench.delivered(feed) | bench.live_lines[feed]
            sent = bench.sent(feed)
            left_out = 0
            for partition, log in logs.items():
                by_rule = ages_of(log)
                for record in log.records:
                    text = f"{partition.number}-{record.offset}"
                    own_ms, age_ms = by_rule[record.offset]
                    if record.is_ours and own_ms is not None and own_ms < young_ms:
                        assert text not in sent, "too old by its own stamp"
                    wanted = gaps[partition] <= record.offset < bench.live[partition]
                    if record.is_ours and wanted and text not in delivered:
                        left_out += 1
                        assert age_ms is not None, "of an age that nobody knows"
                        assert age_ms < young_ms, "young"
            assert feed.stats.lines_lost.total() >= left_out
            if not bench.cluster.answered and not bench.failures and live_part == 1.0:
                assert feed.stats.lines_lost[TOO_OLD] == left_out

        # A look-up is due behind a record only, and the next one AGAIN offsets further on. Only
        # a gap that opens anew, behind one that was closed, may be looked up anew.
        spans = [bench.live[s] - at for gaps in begun.values() for s, at in gaps.items()]
        bound = sum(1 + (span - 1) // AGAIN for span in spans if span > 0)
        assert len(bench.cluster.asked) <= bound * (1 + bench.failures)

    asyncio.run(replayed())

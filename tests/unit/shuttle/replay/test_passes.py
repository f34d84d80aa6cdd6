"""What a replay pass hands over: each line once it is lacked, or it is counted as lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from typing import Any, NamedTuple

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from events.kafka.records import HOUR_MS, YEAR_2000_MS, Offsets, TopicPartition
from events.keys import AppKey
from events.lines import Origin
from shuttle.feed.feed import Feed
from shuttle.feed.loss_notices import EXPIRED, TOO_OLD
from shuttle.replay.passes import NEAR_RECORDS, ReplayPass
from shuttle.replay.seats import OriginsOf
from tests.support.feed_bench import P0, P1, cursors
from tests.support.records import kubernetes_event
from tests.support.replayed_log import NOW_MS, Log, Record, ReplayBench, ages_of
from tests.support.replaying import AGAIN, LIMIT, ODD, OLD, YOUNG, bench_of, hurry, logs_of, texts

P2 = TopicPartition(P0.topic, 2)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


async def test_old_and_young_runs_of_a_partition_may_share_a_batch() -> None:
    logs = logs_of(*[YOUNG] * 3, *[OLD] * 3)
    logs[P1] = Log([Record.line(at, YOUNG, 1) for at in range(6)])
    bench = ReplayBench(logs, {P0: 6, P1: 6}, [LIMIT])
    (feed,) = bench.feeds
    feed.restore(cursors({P0: 0, P1: 0}), bench.live)
    await bench.run()

    assert bench.delivered(feed) >= texts(0, 1, 2) | {f"1-{at}" for at in range(6)}
    assert feed.stats.lines_lost == {TOO_OLD: 3}


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


async def test_what_left_kafka_before_it_was_replayed_is_lost_and_counted() -> None:
    logs = {P0: Log([Record.line(at, YOUNG) for at in range(4, 9)], low=4)}
    bench = ReplayBench(logs, {P0: 9}, [LIMIT])
    (feed,) = bench.feeds
    feed.restore(cursors({P0: 1}), bench.live)
    await bench.run()

    assert bench.delivered(feed) >= texts(*range(4, 9))
    assert feed.stats.lines_lost == {EXPIRED: 3}


async def test_drains_that_are_behind_together_are_read_for_once() -> None:
    bench = ReplayBench(logs_of(*[YOUNG] * 60), {P0: 60}, [LIMIT] * 3)
    for feed in bench.feeds:
        feed.restore(cursors({P0: 30}), bench.live)
    await bench.run()

    assert all(bench.delivered(feed) == texts(*range(30, 60)) for feed in bench.feeds)
    assert bench.consumed <= 30 // 6 + 1


def test_lines_are_made_of_those_who_are_served() -> None:
    gold, silver = (Origin(AppKey(app, "gs"), "web.1", "app") for app in ("gold", "silver"))
    wants = OriginsOf()
    assert [wants[gold], wants[silver]] == [False, False]
    for served in (gold, silver):
        for _ in range(2):
            wants.add(served.key)
        assert [wants[gold], wants[silver]] == [served is gold, served is silver]
        wants.remove(served.key)
        assert wants[served], "somebody else is served"
        wants.remove(served.key)
        assert not wants[served]


async def test_who_is_served_gets_what_it_lacks_and_nothing_else() -> None:
    bench = ReplayBench(logs_of(*[YOUNG] * 60), {P0: 60}, [LIMIT] * 2)
    for feed, gap in zip(bench.feeds, (20, 41), strict=True):
        feed.restore(cursors({P0: gap}), bench.live)
    await bench.run()
    assert [len(bench.sent(feed)) for feed in bench.feeds] == [40, 19]


async def test_lines_that_are_cut_are_counted_when_they_are_handed_over() -> None:
    long = Record(1, NOW_MS, kubernetes_event("x" * 2000, container="gold", pod="gold-1"))
    logs = {
        P0: Log([Record.line(0, NOW_MS), long, Record.line(2, NOW_MS), long._replace(offset=3)])
    }
    bench = ReplayBench(logs, {P0: 4}, [LIMIT] * 2, url="syslog+udp://127.0.0.1:514")
    first, second = bench.feeds
    first.restore(cursors({P0: 0}), bench.live)
    second.restore(cursors({P0: 2}), bench.live)
    await bench.run()
    assert (first.stats.lines_cut, second.stats.lines_cut) == (2, 1)
    assert bench.context.totals.lines_cut == 3


async def test_a_cursor_goes_along_with_what_was_handed_over() -> None:
    bench = bench_of(*[YOUNG] * 20)
    (feed,) = bench.feeds
    gaps: list[Offsets] = []
    bench.on_batch = lambda _: gaps.append(dict(feed.gaps.offsets))
    await bench.run()
    assert gaps == [{P0: 0}, {P0: 6}, {P0: 12}, {P0: 18}]


async def test_what_lies_behind_a_request_is_not_taken_for_sent_where_the_pass_is_live() -> None:
    """It failed with lines of two partitions; the pass is at the end of one of them first."""
    logs = logs_of(*[YOUNG] * 8) | {P1: Log([Record.line(at, YOUNG, 1) for at in range(40)])}
    sizes = [3] * 8 + [9, 1] * 50
    bench = ReplayBench(logs, {P0: 8, P1: 40}, [LIMIT], url="http://127.0.0.1:80/", sizes=sizes)
    (feed,) = bench.feeds
    feed.restore(cursors({P0: 0, P1: 0}), bench.live)
    bench.on_batch = lambda number: bench.fail(feed) if number == 2 else None
    await bench.run()

    assert bench.failures == 1
    assert bench.delivered(feed) >= texts(*range(8))


async def test_one_that_lacks_less_shares_a_pass_through_more() -> None:
    logs = logs_of(*[YOUNG] * 20) | {P1: Log([Record.line(at, YOUNG, 1) for at in range(20)])}
    bench = ReplayBench(logs, {P0: 20, P1: 20}, [LIMIT] * 2)
    for feed, rows in zip(bench.feeds, ({P0: 0, P1: 0}, {P0: 0}), strict=True):
        feed.restore(cursors(rows), bench.live)
    await bench.run()

    assert [len(bench.sent(feed)) for feed in bench.feeds] == [40, 20]
    assert bench.consumed == 4


@pytest.mark.parametrize(
    ("gaps", "crosses"),
    [
        ({P0: 100, P1: 100}, True),
        ({P0: 99, P1: 100}, False),
        ({P0: 100 + NEAR_RECORDS}, True),
        ({P0: 101 + NEAR_RECORDS}, False),
        ({P0: 100 + NEAR_RECORDS, P1: 101}, False),
        ({P2: 100}, True),
        ({P0: 99, P2: 100}, False),
    ],
)
def test_a_pass_crosses_gaps_that_are_near_and_ahead_or_in_partitions_that_it_does_not_read(
    gaps: Offsets, crosses: bool
) -> None:
    unused: Any = None
    replay = ReplayPass(unused, unused, unused, unused, count(), {}, lambda: 0.0)
    replay.seats.positions = {P0: 100, P1: 100}
    assert replay.crosses(gaps) is crosses


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


class Story(NamedTuple):
    """What lies in Kafka, who is behind in it, and what happens meanwhile."""

    logs: dict[TopicPartition, Log]
    gap_parts: list[list[float]]
    """Of each drain: where it is behind, as a part of what the live pass has read."""
    limits: list[int]
    live_part: float
    answers: list[str]
    sizes: list[int]
    url: str
    resets: list[int]
    """Batches with which a connection is reset."""
    resets_asked: bool
    comes: list[int]
    """Stamps of records that come while Kafka is asked."""


_stories = st.builds(
    Story,
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


@settings(max_examples=100, phases=[Phase.reuse, Phase.generate])
@given(story=_stories)
def test_each_line_is_delivered_or_counted_and_nothing_is_waited_for(story: Story) -> None:
    async def replayed() -> None:
        bench, begun = _told(story)
        await bench.run()
        for feed, gaps in begun.items():
            left_out = sum(_is_left_out(bench, feed, gaps, one) for one in _all(bench.logs))
            assert feed.stats.lines_lost.total() >= left_out
            if not bench.cluster.answered and not bench.failures and story.live_part == 1.0:
                assert feed.stats.lines_lost[TOO_OLD] == left_out
        assert len(bench.cluster.asked) <= _most_questions(bench, begun.values())

    asyncio.run(replayed())


def _told(story: Story) -> tuple[ReplayBench, dict[Feed, Offsets]]:
    """A bench to which all of it will happen, and where each drain was behind."""
    live = {partition: int(log.end * story.live_part) for partition, log in story.logs.items()}
    limits = story.limits[: len(story.gap_parts)]
    how: Any = {"url": story.url, "answers": story.answers, "sizes": story.sizes}
    bench = ReplayBench(story.logs, live, limits, **how)
    begun: dict[Feed, Offsets] = {}
    for feed, parts in zip(bench.feeds, story.gap_parts, strict=True):
        begun[feed] = {p: int(live[p] * part) for p, part in zip(live, parts, strict=False)}
        feed.restore(cursors(begun[feed]), live)
    comes = list(story.comes)

    def on_batch(number: int) -> None:
        if number in story.resets:
            bench.fail(bench.feeds[number % len(bench.feeds)])

    def on_question() -> None:
        if story.resets_asked and len(story.resets) > bench.failures:
            bench.fail(bench.feeds[0])
        if comes:
            bench.grow(P0, comes.pop())

    bench.on_batch, bench.on_question = on_batch, on_question
    return bench, begun


Dated = tuple[TopicPartition, Record, int | None, int | None]
"""A record, its own stamp if that counts as an age, and the one that it goes by."""


def _all(logs: Mapping[TopicPartition, Log]) -> Iterator[Dated]:
    for partition, log in logs.items():
        by_rule = ages_of(log)
        for record in log.records:
            yield partition, record, *by_rule[record.offset]


def _is_left_out(bench: ReplayBench, feed: Feed, gaps: Offsets, dated: Dated) -> bool:
    """Whether a drain has not got a line that it lacked. Fails where it should have."""
    partition, record, own_ms, age_ms = dated
    text = f"{partition.number}-{record.offset}"
    young_ms = NOW_MS - feed.route.options.max_lag_seconds * 1000
    if record.is_ours and own_ms is not None and own_ms < young_ms:
        assert text not in bench.sent(feed), "too old by its own stamp"
    wanted = gaps[partition] <= record.offset < bench.live[partition]
    if not (record.is_ours and wanted) or text in bench.delivered(feed) | bench.live_lines[feed]:
        return False
    assert age_ms is not None, "of an age that nobody knows"
    assert age_ms < young_ms, "young"
    return True


def _most_questions(bench: ReplayBench, begun: Iterable[Offsets]) -> int:
    """A look-up is due behind a record only, and the next one AGAIN offsets further on. Only a gap
    that opens anew, behind one that was closed, may be looked up anew."""
    spans = [bench.live[p] - at for gaps in begun for p, at in gaps.items()]
    return sum(1 + (span - 1) // AGAIN for span in spans if span > 0) * (1 + bench.failures)


async def test_bad_records_are_counted_by_the_live_pass_alone() -> None:
    logs = {P0: Log([Record(0, YOUNG, b"{"), Record.line(1, YOUNG)])}
    bench = ReplayBench(logs, {P0: 2}, [LIMIT])
    (feed,) = bench.feeds
    feed.restore(cursors({P0: 0}), bench.live)
    await bench.run()
    assert bench.delivered(feed) == texts(1)
    assert not bench.decoder.malformed.counts

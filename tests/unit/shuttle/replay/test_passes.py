"""What a replay pass hands over: each line once it is lacked, or it is counted as lost."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from events.kafka.records import HOUR_MS, YEAR_2000_MS, TopicPartition
from shuttle.feed.loss_notices import TOO_OLD
from tests.support.feed_bench import P0, P1, cursors
from tests.support.replayed_log import NOW_MS, Log, Record, ReplayBench, ages_of
from tests.support.replaying import AGAIN, LIMIT, ODD, OLD, YOUNG, bench_of, hurry, logs_of, texts


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

"""The benchmark of a platform's size: what it reads, whom it counts, what it prints."""

from __future__ import annotations

import io
from collections import Counter

import pytest

from benchmarks.size.__main__ import options_of, plan_of
from benchmarks.size.plan import DRAINS_AN_APP, PARTITIONS
from benchmarks.size.receiver_process import Judge
from benchmarks.size.receivers import Heard, quantile
from benchmarks.size.table import Table, within


def test_steps_are_taken_in_their_order() -> None:
    options = options_of(["30000", "500", "--lines", "2660", "--only", "outage,join"])

    assert options.only == ["join", "outage"]
    assert (options.drains, options.spaces, options.lines) == (30_000, 500, 2_660)


def test_a_step_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options_of(["10", "2", "--only", "join,jump"])

    assert "no step jump: start, " in capsys.readouterr().err


def test_an_apps_drains_differ_and_its_lines_go_to_all_partitions() -> None:
    plan = plan_of(options_of(["1000", "7"]))

    urls = {plan.url_of(drain) for drain in range(DRAINS_AN_APP)}
    first = [plan.record(rounds * plan.active) for rounds in range(PARTITIONS)]
    partitions = {partition for _, _, partition in first}

    assert len(urls) == DRAINS_AN_APP
    assert [(app, seq) for app, seq, _ in first] == [(0, 0), (0, 1), (0, 2), (0, 3)]
    assert len(partitions) == PARTITIONS
    assert sum(plan.written_by(app, 1_001) for app in range(plan.active)) == 1_001
    assert len([*plan.listeners()]) == 950


def test_lines_are_told_apart_by_their_app_and_receiver() -> None:
    plan = plan_of(options_of(["100", "2"]))
    judge, receivers = Judge(plan, {1, 2}), {1, 2}
    mine = [drain for drain in plan.listeners() if drain % plan.receivers in receivers]

    judge.hear(1, b"<14>1 app=0 seq=0 at=1.000\n<14>1 app=0 seq=0 at=1.000\n")
    judge.hear(2, b"<14>1 app=0 seq=1 at=1.000\n<14>1 app=10000000 seq=0 at=1.000\n")

    taken = judge.take()
    assert (taken["lines"], taken["twice"]) == (3, 1)
    assert judge.newcomer(10_000_000) is not None
    assert mine == [1, 2]
    assert judge.missing(plan.active + 1) == [2, 2]
    assert judge.missing(1) == [1, 1]


def test_the_longest_silence_and_shares_of_delays() -> None:
    heard = Heard(3, 0, Counter({10: 98, 5_000: 2}), Counter(), Counter([100, 101, 140]), 1)

    assert heard.silence_seconds == pytest.approx(3.8)
    assert [quantile(heard.all, share) for share in (0.5, 0.99, 1.0)] == [10, 5_000, 5_000]
    assert quantile(Counter(), 0.99) == 0


def test_a_table_says_how_far_a_step_got_that_is_not_there_in_time() -> None:
    printed = io.StringIO()

    table = Table("10 drains", printed)
    table.row("join", within(1.25, 90), "")
    table.row("kill", within(None, 90, "12 of 30"), "0 lost")

    assert printed.getvalue().splitlines() == [
        "|  | 10 drains |",
        "| --- | --- |",
        "| join | 1.2 s |",
        "| kill | not within 90 s: 12 of 30, 0 lost |",
    ]

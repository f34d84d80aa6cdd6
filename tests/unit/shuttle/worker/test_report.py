"""Figures that a worker gives of itself: delays, the drains furthest behind, metrics."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from shuttle.commit.store import FeedStatus
from shuttle.feed.delay_histogram import BOUNDS, DelayHistogram
from shuttle.worker.metrics import registry_of
from shuttle.worker.report import WorkerReport, furthest_behind

DOCS = Path(__file__).parents[4] / "docs" / "metrics.md"


def figures(drain: str, lag: int, seconds: float, sent: int) -> FeedStatus:
    named = FeedStatus(drain, "live" if drain != "other" else "", "", None, None)
    return named._replace(lag_messages=lag, lag_seconds=seconds, lines_sent=sent)


def report(delays: DelayHistogram | None = None) -> WorkerReport:
    return WorkerReport(
        partitions=2,
        subscribed=frozenset({"gs"}),
        poll_age_seconds=0.1,
        loop_lag_seconds=0.0,
        records_received={"kubernetes": 7},
        lines_delivered={"syslog+tls": 5},
        lines_in_flight=2,
        delays=delays or DelayHistogram(),
        consumer_lag=3,
        outbox_bytes=10,
        lines_lost={},
        lines_cut=0,
        malformed={"bad_json": 1},
        partial=4,
        drains={"live": 1},
        drains_unreadable=1,
        furthest=[figures("d1", 4, 2.5, 5)],
    )


def metrics(delays: DelayHistogram | None = None) -> str:
    return generate_latest(registry_of(lambda: report(delays))).decode()


def test_delays_are_counted_a_line_each_up_to_their_bounds() -> None:
    delays = DelayHistogram()
    delays.observe(0.05, 3)
    delays.observe(0.06, 2)
    delays.observe(BOUNDS[-1] * 2, 1)

    told = metrics(delays)

    name = "logshuttle_delivery_delay_seconds"
    assert f'{name}_bucket{{le="0.05"}} 3.0' in told
    assert f'{name}_bucket{{le="0.1"}} 5.0' in told
    assert f'{name}_bucket{{le="86400"}} 5.0' in told
    assert f'{name}_bucket{{le="+Inf"}} 6.0' in told
    assert f"{name}_count 6.0" in told


def test_a_clock_that_is_behind_makes_no_negative_delay() -> None:
    delays = DelayHistogram()
    delays.observe(-3600.0, 4)

    assert delays.sum_seconds == 0
    assert delays.buckets[0] == ("0.05", 4)


@pytest.mark.parametrize("at_most", [1, 2])
def test_drains_that_are_not_named_are_one(at_most: int) -> None:
    drains = [
        figures("ahead", 0, 0.0, 100),
        figures("behind", 20, 3.0, 10),
        figures("furthest", 900, 60.0, 1),
    ]

    first, *middle, other = furthest_behind(drains, at_most)

    assert first == drains[2]
    assert middle == ([drains[1]] if at_most == 2 else [])
    assert other == (
        figures("other", 0, 0.0, 100) if at_most == 2 else figures("other", 20, 3.0, 110)
    )


def test_no_drain_is_another_when_all_are_named() -> None:
    assert [of.drain_id for of in furthest_behind([figures("d1", 0, 0.0, 1)], 1)] == ["d1"]


def test_the_metrics_are_those_of_the_docs() -> None:
    told = set(re.findall(r"^# TYPE (\S+) ", metrics(), re.MULTILINE))
    workers_part = DOCS.read_text().partition("`runals`")[0]
    documented = set(re.findall(r"^\| `(logshuttle_[a-z_]+)", workers_part, re.MULTILINE))

    assert told == documented

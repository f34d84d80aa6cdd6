"""Figures that a worker gives of itself: delays, the drains furthest behind, metrics."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from shuttle.feed.delay_histogram import BOUNDS, DelayHistogram
from shuttle.worker.metrics import WorkerMetrics
from shuttle.worker.report import DrainLag, FurthestBehind, WorkerReport

DOCS = Path(__file__).parents[4] / "docs" / "metrics.md"


def report(delays: DelayHistogram | None = None) -> WorkerReport:
    return WorkerReport(
        partitions=2,
        loop_lag_seconds=0.0,
        records_received={"kubernetes": 7},
        lines_delivered={"syslog+tls": 5},
        lines_in_flight=2,
        delays=delays or DelayHistogram(),
        consumer_lag=3,
        outbox_bytes=10,
        lines_lost={},
        lines_cut=0,
        receiver_floods=0,
        filters_cpu_seconds=0.25,
        filters_too_slow=3,
        malformed={"bad_json": 1},
        partial=4,
        drains={"live": 1},
        drains_unreadable=1,
        furthest=[DrainLag(4, 2.5, "d1", 5)],
        rollups_cpu_seconds=0.5,
    )


def metrics(delays: DelayHistogram | None = None) -> str:
    registry = CollectorRegistry()
    registry.register(WorkerMetrics(report(delays)))
    return generate_latest(registry).decode()


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


DRAINS = [
    DrainLag(0, 0.0, "ahead", 100),
    DrainLag(900, 60.0, "furthest", 1),
    DrainLag(20, 3.0, "behind", 10),
]


def furthest(at_most: int, slices: Iterable[Sequence[DrainLag]]) -> list[DrainLag]:
    found = FurthestBehind(at_most)
    for some in slices:
        found.add(some)
    return found.shown()


@pytest.mark.parametrize("slices", [[DRAINS], [[one] for one in DRAINS], [DRAINS[:2], DRAINS[2:]]])
def test_drains_that_are_not_named_are_one(slices: Sequence[Sequence[DrainLag]]) -> None:
    ahead, first, second = DRAINS
    assert furthest(1, slices) == [first, DrainLag(20, 3.0, "other", 110)]
    assert furthest(2, slices) == [first, second, ahead._replace(drain_id="other")]
    assert furthest(0, slices) == [DrainLag(920, 60.0, "other", 111)]


def test_no_drain_is_another_when_all_are_named() -> None:
    assert furthest(3, [DRAINS]) == [DRAINS[1], DRAINS[2], DRAINS[0]]
    assert furthest(3, []) == []


def test_the_metrics_are_those_of_the_docs() -> None:
    told = set(re.findall(r"^# TYPE (\S+) ", metrics(), re.MULTILINE))
    workers_part = DOCS.read_text().partition("`runals`")[0]
    documented = set(re.findall(r"^\| `(logshuttle_[a-z_]+)", workers_part, re.MULTILINE))

    assert told == documented

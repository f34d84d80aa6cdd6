"""F11: a receiver that accepts and never reads is its own drain's trouble."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.broker import Broker
from tests.support.flow import Flow, seconds_taken
from tests.support.kafka import TopicNames
from tests.support.memory import MemoryWatch
from tests.support.shuttle import Shuttle
from tests.support.tally import Report, Tally
from tests.support.waiting import wait_until

GOOD = [f"127.0.0.{number}" for number in range(2, 11)]
SICK = "127.0.0.1"
WORKER_MIB = 300


@pytest.fixture
def tallies(tmp_path: Path) -> Iterator[tuple[Tally, Tally]]:
    """One for the good drains, one for the sick one."""
    with Tally(tmp_path / "good") as good, Tally(tmp_path / "sick") as sick:
        yield good, sick


def add_drains(shuttle: Shuttle, space: str, good: Tally, sick: Tally) -> str:
    """The sick one's id."""
    for address in GOOD:
        shuttle.add_drain(f"app0-{space}", good.url(address))
    made: str = shuttle.add_drain(f"app0-{space}", sick.url())["id"]
    return made


def assert_exact(report: Report, flow: Flow) -> None:
    for address in GOOD:
        found = report.sum_of(address, flow)
        assert found.at_least_once, f"{address}: {found}"
        assert not found.duplicates, f"{address}: {found}"


def test_one_black_hole_of_ten_drains(
    shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    tallies: tuple[Tally, Tally],
    tmp_path: Path,
) -> None:
    good, sick = tallies
    space = kafka.create(topic())
    drain = add_drains(shuttle, space, good, sick)
    worker = shuttle.start_worker()
    flow = Flow(kafka.bootstrap, space, count=20_000, rate=4_000, padding=300)
    sick.freeze()

    with MemoryWatch(worker.pid) as memory:
        flow.write(tmp_path)
        report = good.wait_for(flow.count * len(GOOD))
        wait_until(
            lambda: shuttle.drain(f"app0-{space}", drain)["state"] == "failing", 10, "it fails"
        )
        sick.thaw()
        released = sick.wait_for(flow.count).sum_of(SICK, flow)

    assert_exact(report, flow)
    assert released.at_least_once, released
    assert memory.peak_mib < WORKER_MIB


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_one_black_hole_of_ten_drains_for_a_minute(
    shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    tallies: tuple[Tally, Tally],
    tmp_path: Path,
) -> None:
    """The control is the same flow in the half minutes before and after."""
    good, sick = tallies
    space = kafka.create(topic())
    drain = add_drains(shuttle, space, good, sick)
    worker = shuttle.start_worker()
    flow = Flow(kafka.bootstrap, space, count=480_000, rate=4_000, padding=300)
    with ExitStack() as stack:
        memory = stack.enter_context(MemoryWatch(worker.pid))
        producing = stack.enter_context(flow.running(tmp_path))
        good.wait_for(1)
        began = time.time() + 2
        at(began + 28)
        sick.freeze()
        frozen = time.time()
        wait_until(
            lambda: shuttle.drain(f"app0-{space}", drain)["state"] == "failing", 20, "it fails"
        )
        failing_after = time.time() - frozen
        at(frozen + 60)
        sick.thaw()
        thawed = time.time()
        caught_up = sick.wait_for_fresh(SICK, limit_seconds=90)
        assert producing.wait(60) == 0
        ended = time.time()
        report = good.wait_for(flow.count * len(GOOD))
        released = sick.wait_for(flow.count, 60).sum_of(SICK, flow)
    control = [(began, frozen), (thawed + 5, ended - 2)]
    rates = [
        (report.rate(a, frozen, thawed), sum(report.rate(a, *span) for span in control) / 2)
        for a in GOOD
    ]
    delays = [report.delay(a, frozen, thawed) for a in GOOD]
    usual = [report.delay(a, began, frozen) for a in GOOD]
    print(
        f"\nblack hole 60 s: produced in {seconds_taken(producing):.1f} s; "
        f"worst rate {min(a / b for a, b in rates):.2f} of control ({rates[0][1]:.0f} lines/s); "
        f"worst p99 delay {max(delays):.3f} s (before: {max(usual):.3f} s); "
        f"failing after {failing_after:.1f} s; live again after {caught_up:.1f} s; "
        f"{released.duplicates} of {flow.count} twice; RSS at most {memory.peak_mib:.0f} MiB, "
        f"slope {memory.slope(frozen + 20, thawed):+.2f} MiB/min while frozen"
    )
    assert_exact(report, flow)
    assert released.at_least_once, released
    assert all(0.75 < frozen_rate / usual_rate < 1.25 for frozen_rate, usual_rate in rates)
    assert max(delays) < 1.0
    assert memory.peak_mib < WORKER_MIB
    assert memory.slope(frozen + 20, thawed) < 4.0


def at(moment: float) -> None:
    """Returns at that moment (epoch seconds): the load has to last so long."""
    wait_until(lambda: time.time() >= moment, moment - time.time() + 5, "the time to pass")

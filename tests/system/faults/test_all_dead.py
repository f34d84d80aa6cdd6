"""F19: with every drain dead nothing grows but Kafka's backlog, which is caught up afterwards."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.broker import Broker
from tests.support.flow import Flow, seconds_taken
from tests.support.kafka import TopicNames
from tests.support.memory import MemoryWatch
from tests.support.shuttle import Shuttle
from tests.support.tally import Report, Tally
from tests.support.waiting import wait_until

WORKER_MIB = 300
APPS = 10


def addresses(count: int) -> list[str]:
    return [f"127.0.0.{number}" for number in range(1, count + 1)]


def assert_all_arrived(report: Report, flow: Flow, drains: Sequence[str]) -> int:
    """How many came twice."""
    sums = [report.sum_of(address, flow, app) for app, address in enumerate(drains)]
    for address, found in zip(drains, sums, strict=True):
        assert found.at_least_once, f"{address}: {found}"
    return sum(found.duplicates for found in sums)


def until_failing(shuttle: Shuttle, drains: int) -> None:
    wait_until(lambda: f'state="failing"}} {drains}.0' in shuttle.metrics(), 10, "all fail")


@pytest.mark.parametrize("death", ["refusing", "silent"])
def test_all_drains_dead_and_then_alive(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, tmp_path: Path, death: str
) -> None:
    space, tally = kafka.create(topic()), Tally(tmp_path / "tally")
    drains = addresses(3)
    flow = Flow(kafka.bootstrap, space, count=60_000, rate=15_000, apps=len(drains), padding=300)
    with tally:
        for app, address in enumerate(drains):
            shuttle.add_drain(f"app{app}-{space}", tally.url(address))
        worker = shuttle.start_worker()
        if death == "refusing":
            tally.stop()
        else:
            tally.freeze()

        with MemoryWatch(worker.pid) as memory:
            flow.write(tmp_path)
            until_failing(shuttle, len(drains))
            if death == "refusing":
                tally.start()
            else:
                tally.thaw()
            report = tally.wait_for(flow.count)

    assert_all_arrived(report, flow, drains)
    assert memory.peak_mib < WORKER_MIB


@pytest.mark.slow
@pytest.mark.timeout(500)
@pytest.mark.parametrize("death", ["refusing", "silent"])
def test_all_drains_dead_for_a_minute_at_50000_lines_a_second(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, tmp_path: Path, death: str
) -> None:
    """400-byte lines of ten apps to a drain each."""
    space, tally = kafka.create(topic()), Tally(tmp_path / "tally")
    drains = addresses(APPS)
    flow = Flow(kafka.bootstrap, space, count=3_000_000, rate=50_000, apps=APPS, padding=320)
    with tally:
        for app, address in enumerate(drains):
            shuttle.add_drain(f"app{app}-{space}", tally.url(address))
        worker = shuttle.start_worker()
        if death == "refusing":
            tally.stop()
        else:
            tally.freeze()
        with MemoryWatch(worker.pid) as memory:
            began = time.time()
            with flow.running(tmp_path) as producing:
                assert producing.wait(200) == 0, producing.output()
            ended = time.time()
            until_failing(shuttle, APPS)
            received = shuttle.metric("logshuttle_lines_received_total")
            if death == "refusing":
                tally.start()
            else:
                tally.thaw()
            tally.wait_for(1, 70)
            alive = time.time()
            report = tally.wait_for(flow.count, 200)
            caught_up_seconds = time.time() - alive
    twice = assert_all_arrived(report, flow, drains)
    live_rate = flow.count / seconds_taken(producing)
    # The first is tried again within a minute, and the others when it has answered.
    slowest = min(report.own_rate(address, alive - 1) for address in drains)
    print(
        f"\nall drains {death} for {ended - began:.0f} s: {flow.count} lines at "
        f"{live_rate:.0f}/s, {received:.0f} read meanwhile; caught up in {caught_up_seconds:.1f} s "
        f"({flow.count / caught_up_seconds:.0f} lines/s, "
        f"{flow.count / caught_up_seconds / live_rate:.1f} of the live rate, the slowest drain at "
        f"{slowest * APPS / live_rate:.1f} of its own); {twice} twice; "
        f"RSS at most {memory.peak_mib:.0f} MiB, slope while dead "
        f"{memory.slope(began + 20, ended):+.2f} MiB/min"
    )
    assert memory.peak_mib < WORKER_MIB
    assert memory.slope(began + 20, ended) < 4.0
    assert slowest * APPS >= 2 * live_rate
    assert flow.count / caught_up_seconds >= 2 * live_rate

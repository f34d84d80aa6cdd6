"""F18: very many drains, some of them dead, on one worker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from tests.support.broker import Broker
from tests.support.crowd import Crowd
from tests.support.flow import Flow
from tests.support.kafka import TopicNames
from tests.support.memory import MemoryWatch
from tests.support.processes import RunningProcess
from tests.support.records import kubernetes_event
from tests.support.shuttle import Shuttle
from tests.support.tally import Tally
from tests.support.waiting import wait_until

NEW_APP = "newcomer"
NEW_ADDRESS = "127.2.0.1"


@pytest.fixture
def tally(tmp_path: Path) -> Iterator[Tally]:
    with Tally(tmp_path / "tally") as tally:
        yield tally


def route_change_seconds(shuttle: Shuttle, kafka: Broker, space: str, tally: Tally) -> float:
    """From the 201 of an app's first drain until a line that is produced right then is there."""
    shuttle.add_drain(f"{NEW_APP}-{space}", tally.url(NEW_ADDRESS))
    text = f"run=new partition=0 seq=0 at={time.time():.3f} "
    kafka.produce(space, [kubernetes_event(text, pod=f"{NEW_APP}-p0", container=NEW_APP)])
    return tally.wait_for(1, address=NEW_ADDRESS).delay(NEW_ADDRESS)


@pytest.mark.slow
def test_five_hundred_drains_some_of_them_dead(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, tally: Tally, tmp_path: Path
) -> None:
    space = kafka.create(topic())
    crowd = Crowd(tally, drains=500, apps=100)
    crowd.make(shuttle, space)
    worker = shuttle.start_worker()
    flow = Flow(kafka.bootstrap, space, count=6_000, rate=2_000, apps=crowd.apps)

    with MemoryWatch(worker.pid) as memory, flow.running(tmp_path) as producing:
        changed = route_change_seconds(shuttle, kafka, space, tally)
        assert producing.wait() == 0
        report = tally.wait_for(crowd.lines(flow) + 1)

    assert crowd.judge(report, flow) == 0
    assert memory.peak_mib < 300
    assert changed < 10
    failing = crowd.drains - len(crowd.healthy)
    wait_until(
        lambda: f'state="failing"}} {failing}.0' in shuttle.metrics(),
        10,
        "the dead ones fail",
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ten_thousand_drains_of_two_thousand_apps(
    kafka: Broker, topic: TopicNames, tmp_path: Path
) -> None:
    """The control is ten drains of two apps: the same 8,000 records a second, each to five."""
    few = measured(10, 2, kafka, kafka.create(topic()), tmp_path / "few")
    many = measured(10_000, 2_000, kafka, kafka.create(topic()), tmp_path / "many")
    print(f"\n10 drains: {few}\n10,000 drains: {many}")
    print(f"10,000 drains get {many.rate / few.rate:.2f} of the lines a second that 10 get")
    assert many.start_seconds < 10
    assert many.change_seconds < 2
    assert many.peak_mib < 1024
    assert many.rate >= 0.7 * few.rate


class Measured(NamedTuple):
    start_seconds: float
    change_seconds: float
    easy_delay: float
    """The 99th percentile at 2,000 records a second."""
    rate: float
    """Lines a second to healthy drains."""
    cpu_microseconds: float
    """Of the worker, a line."""
    twice: int
    peak_mib: float


def measured(drains: int, apps: int, kafka: Broker, space: str, folder: Path) -> Measured:
    folder.mkdir()
    with Tally(folder / "tally") as tally, closing(Shuttle(folder, kafka.bootstrap)) as shuttle:
        shuttle.migrate()
        shuttle.start_web()
        crowd = Crowd(tally, drains, apps, dead=drains > 10)
        crowd.make(shuttle, space)
        begun = time.monotonic()
        worker = shuttle.start_worker()
        start_seconds = time.monotonic() - begun
        with MemoryWatch(worker.pid) as memory:
            easy = Flow(kafka.bootstrap, space, count=40_000, rate=2_000, apps=apps)
            with easy.running(folder) as producing:
                tally.wait_for(crowd.lines(easy) // 2, 60)
                since = time.time()
                change_seconds = route_change_seconds(shuttle, kafka, space, tally)
                assert producing.wait(60) == 0
            report = tally.wait_for(crowd.lines(easy) + 1, 60)
            twice, easy_delay = crowd.judge(report, easy), report.delay(begin=since)
            hard = Flow(kafka.bootstrap, space, count=160_000, rate=8_000, apps=apps)
            cpu, begun = cpu_seconds(worker), time.time()
            hard.write(folder, 60)
            report = tally.wait_for(crowd.lines(easy) + 1 + crowd.lines(hard), 200)
            # A report on so many takes seconds itself: what counts is when the last line came.
            seconds, cpu = report.last_second + 1 - begun, cpu_seconds(worker) - cpu
    return Measured(
        start_seconds=round(start_seconds, 1),
        change_seconds=change_seconds,
        easy_delay=easy_delay,
        rate=round(crowd.lines(hard) / seconds),
        cpu_microseconds=round(cpu / crowd.lines(hard) * 1e6, 1),
        twice=twice + crowd.judge(report, hard),
        peak_mib=round(memory.peak_mib),
    )


def cpu_seconds(worker: RunningProcess) -> float:
    used = psutil.Process(worker.pid).cpu_times()
    return float(used.user + used.system)

"""F13: a slow receiver costs its own drain time, and nobody memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.broker import Broker
from tests.support.flow import Flow
from tests.support.kafka import TopicNames
from tests.support.memory import MemoryWatch
from tests.support.proxy import Proxy
from tests.support.shuttle import Shuttle
from tests.support.tally import Tally
from tests.support.waiting import wait_until

SLOW, GOOD = "127.0.0.1", "127.0.0.2"
BYTES_PER_SECOND = 10_000
WORKER_MIB = 200


def slow_and_good(shuttle: Shuttle, flow: Flow, folder: Path, *, limit_seconds: float) -> str:
    with (
        Tally(folder / "tally") as tally,
        Proxy(folder / "proxy", tally.port, bytes_per_second=BYTES_PER_SECOND) as proxy,
    ):
        slow = shuttle.add_drain(f"app0-{flow.topic}", proxy.url(SLOW))
        shuttle.add_drain(f"app0-{flow.topic}", tally.url(GOOD))
        worker = shuttle.start_worker()
        with MemoryWatch(worker.pid) as memory:
            flow.write(folder, limit_seconds)
            tally.wait_for(flow.count, address=GOOD)
            wait_until(
                lambda: shuttle.drain(f"app0-{flow.topic}", slow["id"])["state"] != "live",
                10,
                "it is behind",
            )
            before = tally.report().sum_of(SLOW, flow)
            proxy.release()
            report = tally.wait_for(2 * flow.count, limit_seconds)
            peak = memory.peak_mib
    good, late = report.sum_of(GOOD, flow), report.sum_of(SLOW, flow)
    assert 0 < before.received < flow.count / 2
    assert good.at_least_once, good
    assert not good.duplicates, good
    assert late.at_least_once, late
    assert peak < WORKER_MIB
    return (
        f"{before.received} of {flow.count} lines had come when it was released, "
        f"{late.duplicates} came twice; p99 delay of the other {report.delay(GOOD):.3f} s; "
        f"RSS at most {peak:.0f} MiB"
    )


def test_a_receiver_of_10_kb_a_second(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, tmp_path: Path
) -> None:
    flow = Flow(kafka.bootstrap, kafka.create(topic()), count=30_000, rate=10_000, padding=300)
    slow_and_good(shuttle, flow, tmp_path, limit_seconds=20)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_receiver_of_10_kb_a_second_for_a_minute(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, tmp_path: Path
) -> None:
    flow = Flow(kafka.bootstrap, kafka.create(topic()), count=600_000, rate=10_000, padding=300)
    print(f"\n10 kB/s for 60 s: {slow_and_good(shuttle, flow, tmp_path, limit_seconds=90)}")

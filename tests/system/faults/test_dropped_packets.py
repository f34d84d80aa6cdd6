"""F12: a receiver that no packet reaches: each try ends in time, and they never pile up."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from tests.support.broker import Broker
from tests.support.flow import Flow
from tests.support.full_backlog import FullBacklog
from tests.support.kafka import TopicNames
from tests.support.shuttle import Shuttle
from tests.support.tally import Tally
from tests.support.waiting import wait_until

CONNECT_SECONDS = 4
GOOD = "127.0.0.2"


class Tries:
    """Connections of a process that are being made to a port, each by its local one."""

    def __init__(self, pid: int, port: int) -> None:
        self._process = psutil.Process(pid)
        self._port = port
        self.times: dict[int, tuple[float, float]] = {}
        """First and last seen."""
        self.most = 0

    def look(self) -> int:
        """How many there have been so far."""
        now = time.monotonic()
        under_way = [
            connection.laddr.port
            for connection in self._process.net_connections("tcp4")
            if connection.status == psutil.CONN_SYN_SENT and connection.raddr.port == self._port
        ]
        self.most = max(self.most, len(under_way))
        for port in under_way:
            self.times[port] = (self.times.get(port, (now, now))[0], now)
        return len(self.times)


def watch(
    shuttle: Shuttle, kafka: Broker, space: str, folder: Path, *, tries: int, limit_seconds: float
) -> Tries:
    flow = Flow(kafka.bootstrap, space, count=200, rate=1_000)
    with Tally(folder / "tally") as tally, FullBacklog() as full:
        shuttle.add_drain(f"app0-{space}", f"syslog://{full.address}:{full.port}")
        shuttle.add_drain(f"app0-{space}", tally.url(GOOD))
        seen = Tries(shuttle.start_worker().pid, full.port)
        with flow.running(folder):
            wait_until(lambda: seen.look() > tries, limit_seconds, f"{tries} tries and a new one")
        report = tally.wait_for(flow.count)
    assert report.sum_of(GOOD, flow).at_least_once
    return seen


def assert_in_time(seen: Tries, tries: int) -> list[float]:
    """The pauses between the tries."""
    assert seen.most == 1, "one try at a time"
    times = sorted(seen.times.values())
    for begin, end in times[:tries]:
        assert CONNECT_SECONDS - 1 < end - begin < CONNECT_SECONDS + 1
    return [times[n + 1][0] - times[n][1] for n in range(tries)]


def test_a_try_is_given_up_after_four_seconds(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, tmp_path: Path
) -> None:
    seen = watch(shuttle, kafka, kafka.create(topic()), tmp_path, tries=1, limit_seconds=20)
    (pause,) = assert_in_time(seen, 1)
    assert 0.8 < pause < 3


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_tries_become_rarer(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, tmp_path: Path
) -> None:
    seen = watch(shuttle, kafka, kafka.create(topic()), tmp_path, tries=5, limit_seconds=120)
    pauses = assert_in_time(seen, 5)
    print(f"\npauses between tries that nobody answers: {[round(pause, 1) for pause in pauses]} s")
    for number, pause in enumerate(pauses, 1):
        assert 0.8 < pause < 2**number + 1

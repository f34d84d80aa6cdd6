"""F14: a connection that is reset anywhere, also within a frame, loses and joins nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.broker import Broker
from tests.support.flow import Flow
from tests.support.kafka import TopicNames
from tests.support.proxy import Proxy
from tests.support.shuttle import Shuttle
from tests.support.tally import Tally
from tests.support.waiting import wait_until


def cut(
    shuttle: Shuttle, flow: Flow, folder: Path, *, drains: int, resets: int, limit_seconds: float
) -> int:
    """How many lines came twice. Half of each app's drains are octet-counted.

    Each reset of a drain makes the wait for its next try longer.
    """
    addresses = [f"127.0.0.{number + 1}" for number in range(drains)]
    bytes_of_all = flow.count // flow.apps * (130 + flow.padding)
    with (
        Tally(folder / "tally") as tally,
        Proxy(
            folder / "proxy", tally.port, resets=resets, most_bytes=bytes_of_all // (resets + 1)
        ) as proxy,
    ):
        for number, address in enumerate(addresses):
            framing = ("newline", "octet")[number // flow.apps % 2]
            shuttle.add_drain(
                f"app{number % flow.apps}-{flow.topic}", proxy.url(address), framing=framing
            )
        shuttle.start_worker()
        flow.write(folder)
        wait_until(lambda: proxy.resets() == drains * resets, limit_seconds, "all resets")
        report = tally.wait_for(flow.count // flow.apps * drains, limit_seconds)
    assert not report.foreign, report.foreign[:5]
    sums = [report.sum_of(a, flow, number % flow.apps) for number, a in enumerate(addresses)]
    for address, found in zip(addresses, sums, strict=True):
        assert found.at_least_once, f"{address}: {found}"
    return sum(found.duplicates for found in sums)


def test_twenty_resets_anywhere(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, tmp_path: Path
) -> None:
    flow = Flow(kafka.bootstrap, kafka.create(topic()), count=5_000, rate=5_000)
    cut(shuttle, flow, tmp_path, drains=20, resets=1, limit_seconds=20)


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_two_hundred_resets_anywhere(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, tmp_path: Path
) -> None:
    """Five a drain: each has to get on from where it was cut, though every try is cut again."""
    space = kafka.create(topic())
    flow = Flow(kafka.bootstrap, space, count=80_000, rate=20_000, apps=2, padding=300)
    twice = cut(shuttle, flow, tmp_path, drains=40, resets=5, limit_seconds=250)
    print(f"\n200 resets over 40 drains of {flow.count // 2} lines each: {twice} twice")

"""Lines of routers and builds, from their topics to drains of apps and of sites."""

from __future__ import annotations

import time

import pytest

from events.formats.timestamps import rfc5424_time_of_ms
from tests.support.broker import Broker
from tests.support.golden import golden_cases
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle
from tests.support.syslog import parse
from tests.unit.events.test_sources import OURS, TOPICS

KEYS = {
    "gs": "gold-gs",
    "hy": "gold-my-long-space",
    "default": "gold",
    "site": "site:www.gold.example",
}


def test_the_golden_records_arrive_as_the_original_sent_them(
    shuttle: Shuttle, kafka: Broker, receiver: Receivers
) -> None:
    for topic in set(TOPICS.values()):
        kafka.ensure(topic)
    sinks = {drain: receiver() for drain in KEYS}
    for drain, sink in sinks.items():
        shuttle.add_drain(KEYS[drain], sink.url)
    shuttle.start_worker()
    soon_ms = (int(time.time()) + 60) * 1000 + 123  # not before the drains were made
    expected: dict[str, list[str]] = {drain: [] for drain in KEYS}
    for source, topic in TOPICS.items():
        cases = golden_cases(source)
        kafka.produce(topic, [case.value for case in cases], timestamp_ms=soon_ms, partition=0)
        for case in cases:
            sent = OURS[f"{source}/{case}"] if case.ours else case.original
            for drain, lines in sent.items():
                expected[drain] += lines
    now = rfc5424_time_of_ms(soon_ms)

    for drain, sink in sinks.items():
        received = sink.wait_for(len(expected[drain]))
        wanted = sorted(line.replace("@NOW@", now) for line in expected[drain])
        assert sorted(line.decode() for line in received) == wanted
        for record in received:
            parse(record)


@pytest.mark.parametrize("count", [300])
def test_a_drain_that_is_made_while_the_worker_runs_gets_router_lines_from_then_on(
    shuttle: Shuttle, kafka: Broker, receiver: Receivers, count: int
) -> None:
    kafka.ensure("alamoweblogs")
    app = f"late{time.monotonic_ns()}"
    first, sink = receiver(), receiver()
    shuttle.add_drain(f"other{app}-x", first.url)
    shuttle.start_worker()
    kafka.produce("alamoweblogs", [f"hostname={app}-x.y n=before".encode()])
    shuttle.add_drain(f"{app}-x", sink.url)
    kafka.produce(
        "alamoweblogs", [f"hostname={app}-x.y n={number}".encode() for number in range(count)]
    )

    lines = [line.decode().split(" - - - ")[1] for line in sink.wait_for(count)]
    assert sorted(lines) == sorted(f"n={n} host={app}-x path=" for n in range(count))

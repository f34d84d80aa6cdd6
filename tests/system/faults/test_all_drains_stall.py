"""Every receiver stands still for longer than a consumer may be silent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.broker import Broker
from tests.support.judge import new_run
from tests.support.kafka import TopicNames
from tests.support.outcome import all_arrive, probe
from tests.support.receivers import NORMAL, Mode
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle, numbered_events, served
from tests.support.waiting import throughout, wait_until

POLL_SECONDS = 8
STUCK = Mode(read=False, receive_buffer=4096)


@pytest.fixture
def installation(tmp_path: Path, kafka: Broker) -> Iterator[Shuttle]:
    limit = {"KAFKA_CONF_max_poll_interval_ms": str(POLL_SECONDS * 1000)}
    with served(tmp_path, kafka.bootstrap, limit) as made:
        yield made


@pytest.mark.slow
def test_no_partition_is_lost_by_it(
    installation: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    shuttle, space, run = installation, kafka.create(topic(), 4), new_run()
    sinks = [receiver(STUCK) for _ in range(3)]
    for sink in sinks:
        shuttle.add_drain(f"gold-{space}", sink.url)
    worker = shuttle.start_worker()
    partitions = "logshuttle_partitions_assigned"
    wait_until(lambda: shuttle.metric(partitions) >= 4, 15, "all partitions")
    assigned = shuttle.metric(partitions)
    times_taken = worker.output().count("Took over")

    for partition in range(4):
        events = numbered_events("gold", run, partition, 15_000)
        kafka.produce(space, events, partition=partition)
    throughout(
        lambda: shuttle.metric(partitions) == assigned and probe(shuttle, "/readyz") == 200,
        2.5 * POLL_SECONDS,
        "it keeps its partitions",
    )
    assert 'state="failing"} 3.0' in shuttle.metrics()
    assert worker.output().count("Took over") == times_taken
    for sink in sinks:
        sink.kill()
        sink.start(NORMAL)

    for sink in sinks:
        all_arrive(sink, run, dict.fromkeys(range(4), 15_000), limit_seconds=60)
    assert "Traceback" not in worker.output()
    assert worker.terminate() == 0

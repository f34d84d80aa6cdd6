"""A worker that is told to stop under load, and a power cut of worker and broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.broker import Broker
from tests.support.judge import new_run
from tests.support.kafka import OwnKafka, TopicNames
from tests.support.outcome import HttpLines, all_arrive
from tests.support.receiving import HttpReceivers, Receivers
from tests.support.shuttle import Shuttle
from tests.support.steady_load import SteadyLoad

PARTITIONS = 4
STOP_SECONDS = 15


@pytest.mark.parametrize(
    ("per_second", "stops"),
    [
        pytest.param(5_000, 1, id="small"),
        pytest.param(15_000, 4, id="full", marks=pytest.mark.slow),
    ],
)
def test_stopping_under_load_repeats_nothing(
    per_second: int,
    stops: int,
    shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    receiver: Receivers,
    http_receiver: HttpReceivers,
) -> None:
    space, sink, web, run = (
        kafka.create(topic(), PARTITIONS),
        receiver(),
        http_receiver(),
        new_run(),
    )
    shuttle.add_drain(f"gold-{space}", sink.url)
    shuttle.add_drain(f"gold-{space}", web.url)
    worker = shuttle.start_worker()

    with SteadyLoad(kafka.bootstrap, space, run, per_second=per_second) as load:
        for _ in range(stops):
            sink.wait_for(len(sink.lines()) + per_second)
            assert worker.terminate(limit_seconds=STOP_SECONDS) == 0
            assert "Traceback" not in worker.output()
            worker = shuttle.start_worker()
        sink.wait_for(len(sink.lines()) + per_second)
        produced = load.stop()

    all_arrive(sink, run, produced, duplicates=0, limit_seconds=60)
    all_arrive(HttpLines(web), run, produced, duplicates=0, limit_seconds=60)


@pytest.mark.slow
def test_a_power_cut_loses_nothing_that_kafka_had_acknowledged(
    tmp_path: Path, own_kafka: OwnKafka, receiver: Receivers
) -> None:
    broker, sink, run = own_kafka(), receiver(), new_run()
    Broker(broker.bootstrap).create("gs", PARTITIONS)
    shuttle = Shuttle(tmp_path, broker.bootstrap)
    shuttle.migrate()
    web = shuttle.start_web()
    shuttle.add_drain("gold-gs", sink.url)

    with SteadyLoad(broker.bootstrap, "gs", run, per_second=1_000) as load:
        for _ in range(3):
            worker = shuttle.start_worker()
            sink.wait_for(len(sink.lines()) + 3_000)
            broker.kill()
            worker.kill()
            broker.start()
        worker = shuttle.start_worker()
        sink.wait_for(len(sink.lines()) + 1_000)
        produced = load.stop()

    verdict = all_arrive(sink, run, produced, limit_seconds=60)
    print(verdict)
    assert web.running
    assert worker.terminate(limit_seconds=STOP_SECONDS) == 0
    shuttle.close()

"""How the worker starts and ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.asking import get
from tests.support.broker import Broker
from tests.support.kafka import OwnKafka, TopicNames
from tests.support.receiving import Receivers
from tests.support.records import kubernetes_event
from tests.support.shuttle import Shuttle


@pytest.mark.slow
def test_with_kafka_away_it_says_so_and_waits(
    tmp_path: Path, own_kafka: OwnKafka, receiver: Receivers
) -> None:
    broker = own_kafka()
    Broker(broker.bootstrap).create("gs", 1)
    broker.stop()
    shuttle, sink = Shuttle(tmp_path, broker.bootstrap), receiver()
    shuttle.migrate()
    shuttle.start_web()
    shuttle.add_drain("gold-gs", sink.url)

    worker = shuttle.start_worker(consuming=False)
    worker.wait_for_output("Kafka: ")
    assert get(f"http://127.0.0.1:{shuttle.metrics_port}/livez").status_code == 200
    assert get(f"http://127.0.0.1:{shuttle.metrics_port}/readyz").status_code == 503
    broker.start()
    Broker(broker.bootstrap).produce("gs", [kubernetes_event("hello")])

    sink.wait_for(1)
    assert "Traceback" not in worker.output()
    assert worker.terminate() == 0
    shuttle.close()


def test_with_the_database_away_it_says_so_and_waits(
    tmp_path: Path, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    shuttle, sink, space = Shuttle(tmp_path, kafka.bootstrap), receiver(), topic()
    worker = shuttle.start_worker(consuming=False)

    worker.wait_for_output("Waiting for the database")
    shuttle.migrate()
    shuttle.start_web()
    kafka.create(space, 1)
    shuttle.add_drain(f"gold-{space}", sink.url)
    kafka.produce(space, [kubernetes_event("hello")])

    sink.wait_for(1)
    assert "Traceback" not in worker.output()
    assert worker.terminate() == 0
    shuttle.close()


def test_it_stops_in_order_while_it_waits_for_the_database(tmp_path: Path, kafka: Broker) -> None:
    shuttle = Shuttle(tmp_path, kafka.bootstrap)
    worker = shuttle.start_worker(consuming=False)
    worker.wait_for_output("Waiting for the database")

    assert worker.terminate(limit_seconds=15) == 0
    assert "Traceback" not in worker.output()
    shuttle.close()


@pytest.mark.slow
def test_it_stops_in_order_when_kafka_has_gone(
    tmp_path: Path, own_kafka: OwnKafka, receiver: Receivers
) -> None:
    broker, sink = own_kafka(), receiver()
    Broker(broker.bootstrap).create("gs", 1)
    shuttle = Shuttle(tmp_path, broker.bootstrap)
    shuttle.migrate()
    shuttle.start_web()
    shuttle.add_drain("gold-gs", sink.url)
    worker = shuttle.start_worker()
    Broker(broker.bootstrap).produce("gs", [kubernetes_event("hello")])
    sink.wait_for(1)
    broker.kill()

    assert worker.terminate(limit_seconds=15) == 0
    assert "Traceback" not in worker.output()
    shuttle.close()


def test_without_drains_it_is_ready_and_stops_in_order(tmp_path: Path, kafka: Broker) -> None:
    shuttle = Shuttle(tmp_path, kafka.bootstrap)
    shuttle.migrate()
    worker = shuttle.start_worker()

    assert worker.terminate() == 0
    assert "Traceback" not in worker.output()
    shuttle.close()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("KAFKA_CONF_enable_auto_commit", "true"),
        ("KAFKA_CONF_no_such_property", "1"),
    ],
)
def test_a_kafka_setting_that_cannot_be_stops_the_start(
    setting: str, value: str, tmp_path: Path, kafka: Broker
) -> None:
    shuttle = Shuttle(tmp_path, kafka.bootstrap, {setting: value})
    shuttle.migrate()

    with shuttle.run("runshuttle") as worker:
        assert worker.wait() == 2
        assert "Traceback" not in worker.output()
        assert setting.removeprefix("KAFKA_CONF_").replace("_", ".") in worker.output()
    shuttle.close()


def test_a_taken_metrics_port_is_named(tmp_path: Path, kafka: Broker, receiver: Receivers) -> None:
    taken = receiver().port
    shuttle = Shuttle(tmp_path, kafka.bootstrap, {"METRICS_PORT": str(taken)})
    shuttle.migrate()

    with shuttle.run("runshuttle") as worker:
        assert worker.wait() == 1
        assert "METRICS_PORT" in worker.output()
        assert "Traceback" not in worker.output()
    shuttle.close()


def test_test_mode_has_another_host(
    tmp_path: Path, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink = kafka.create(topic(), 1), receiver()
    shuttle = Shuttle(tmp_path, kafka.bootstrap, {"TEST_MODE": "1"})
    shuttle.migrate()
    shuttle.start_web()
    shuttle.add_drain(f"gold-{space}", sink.url)
    shuttle.start_worker()
    kafka.produce(space, [kubernetes_event("hello")])

    (line,) = sink.wait_for(1)

    assert line.split(b" ")[2] == b"logshuttle-test"
    shuttle.close()

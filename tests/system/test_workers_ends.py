"""How several workers start and end."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import psutil
import pytest
from django.core.management import CommandError, call_command

from tests.support.broker import Broker
from tests.support.judge import new_run
from tests.support.kafka import TopicNames
from tests.support.ports import free_port
from tests.support.processes import alive
from tests.support.receivers import NEVER_READ
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle
from tests.support.waiting import wait_until
from tests.support.workers import (
    PARTITIONS,
    WORKERS,
    produce,
    start_sharing,
    workers_of,
)


def test_with_the_supervisor_killed_nothing_is_left(shuttle: Shuttle) -> None:
    supervisor = shuttle.start_worker(workers=WORKERS)
    wait_until(lambda: len(workers_of(supervisor)) == WORKERS, 30, "all workers")
    family = psutil.Process(supervisor.pid).children(recursive=True)

    supervisor.signal(signal.SIGKILL)

    wait_until(lambda: not any(map(alive, family)), 10, "the end of all")


@pytest.mark.slow
def test_a_second_signal_ends_all_at_once(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, stuck = kafka.create(topic(), PARTITIONS), receiver(NEVER_READ)
    shuttle.add_drain(f"gold-{space}", stuck.url)
    supervisor = start_sharing(shuttle)
    produce(kafka, space, {"gold": new_run()}, 10_000)
    wait_until(stuck.connections, 10, "a connection")
    family = psutil.Process(supervisor.pid).children(recursive=True)

    supervisor.signal(signal.SIGINT)
    wait_until(lambda: supervisor.output().count("Stopping: ") == WORKERS, 10, "all are told")
    assert supervisor.running
    before = time.monotonic()
    supervisor.signal(signal.SIGINT)

    assert supervisor.wait(5) == 1
    wait_until(lambda: not any(map(alive, family)), 5, "the end of all")
    assert time.monotonic() - before < 5


def test_a_bad_configuration_is_said_once_and_ends_all(tmp_path: Path, kafka: Broker) -> None:
    shuttle = Shuttle(tmp_path, kafka.bootstrap, {"KAFKA_CONF_no_such_property": "1"})
    shuttle.migrate()

    with shuttle.run("runshuttle", "--workers", "3") as supervisor:
        assert supervisor.wait() == 2
        assert supervisor.output().count("no.such.property") == 1
        assert "Traceback" not in supervisor.output()
    shuttle.close()


def test_a_taken_port_is_said_once_and_ends_all(
    tmp_path: Path, kafka: Broker, receiver: Receivers
) -> None:
    shuttle = Shuttle(tmp_path, kafka.bootstrap, {"METRICS_PORT": str(receiver().port)})

    with shuttle.run("runshuttle", "--workers", "3") as supervisor:
        assert supervisor.wait() == 1
        assert supervisor.output().count("METRICS_PORT") == 1
        assert "Traceback" not in supervisor.output()
    shuttle.close()


def test_told_to_stop_while_they_start_they_end_in_order(tmp_path: Path, kafka: Broker) -> None:
    shuttle = Shuttle(tmp_path, kafka.bootstrap)

    with shuttle.run("runshuttle", "--workers", "3") as supervisor:
        wait_until(lambda: workers_of(supervisor), 20, "the first worker")
        assert supervisor.terminate() == 0
        assert "Traceback" not in supervisor.output()
    shuttle.close()


def test_a_number_of_workers_that_cannot_be(tmp_path: Path, kafka: Broker) -> None:
    shuttle = Shuttle(tmp_path, kafka.bootstrap)

    with shuttle.run("runshuttle", "--workers=257") as process:
        assert process.wait() == 2
        assert "--workers" in process.output()
        assert "is no number from 1 to 256" in process.output()
    shuttle.close()


@pytest.mark.parametrize("workers", ["0", "-1", "x", "1.5", "257"])
def test_a_number_of_workers_is_one_from_1_to_256(workers: str) -> None:
    with pytest.raises(CommandError, match="is no number from 1 to 256"):
        call_command("runshuttle", f"--workers={workers}")


def test_the_envoy_receiver_is_started_once(tmp_path: Path, kafka: Broker) -> None:
    shuttle = Shuttle(
        tmp_path, kafka.bootstrap, {"RUN_ISTIO_ALS": "true", "ALS_PORT": str(free_port())}
    )
    shuttle.migrate()
    supervisor = shuttle.start_worker(workers=2)

    supervisor.wait_for_output("Taking access logs on port")
    wait_until(lambda: len(workers_of(supervisor)) == 2, 30, "both workers")
    family = psutil.Process(supervisor.pid).children(recursive=True)
    assert sum("runals" in child.cmdline() for child in family) == 1
    assert supervisor.terminate() == 0
    assert supervisor.output().count("Taking access logs on port") == 1
    shuttle.close()

"""`manage.py devkafka`, as a developer runs it."""

import re
import signal
from pathlib import Path

import pytest

from tests.support.broker import Broker
from tests.support.processes import manage, run_process

ENVIRONMENT = {"DEBUG": "1", "AUTH_KEY": "secret", "KAFKA_HOSTS": "127.0.0.1"}


@pytest.mark.slow
def test_it_says_where_kafka_answers_until_it_is_told_to_end(tmp_path: Path) -> None:
    args = manage("devkafka", "--port", "0", "--data", str(tmp_path / "data"))
    with run_process(args, log=tmp_path / "log", env=ENVIRONMENT) as command:
        command.wait_for_output("Kafka answers on", 60)
        told = re.search(r"Kafka answers on (\S+) \(log: (\S+)\)", command.output())
        assert told is not None
        Broker(told[1]).produce("hello", ["world"])
        command.signal(signal.SIGINT)
        assert command.wait() == 0
        assert "started" in Path(told[2]).read_text()


def test_a_taken_port_ends_it_with_one_line(kafka: Broker, tmp_path: Path) -> None:
    port = kafka.bootstrap.rpartition(":")[2]
    args = manage("devkafka", "--port", port, "--data", str(tmp_path / "data"))
    with run_process(args, log=tmp_path / "log", env=ENVIRONMENT) as command:
        assert command.wait() == 1
        last = command.output().splitlines()[-1]
        assert last == f"CommandError: port {port} is taken: choose another with --port"


@pytest.mark.slow
def test_the_log_and_broker_properties_can_be_chosen(tmp_path: Path) -> None:
    own = ["--log", str(tmp_path / "kafka.log"), "--property", "auto.create.topics.enable=false"]
    args = manage("devkafka", "--port", "0", "--data", str(tmp_path / "data"), *own)
    with run_process(args, log=tmp_path / "log", env=ENVIRONMENT) as command:
        command.wait_for_output(f"(log: {tmp_path / 'kafka.log'})", 60)
    settings = (tmp_path / "data" / "server.properties").read_text()
    assert "auto.create.topics.enable=false\n" in settings
    assert (tmp_path / "kafka.log").stat().st_size > 0

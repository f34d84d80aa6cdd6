"""KAFKA_HOSTS and KAFKA_CONF_…: refused at the start in a line, or a broker answers all clients."""

from __future__ import annotations

from collections.abc import Iterator

import confluent_kafka as kafka
import pytest
from confluent_kafka.admin import AdminClient

from events.kafka.client import ask_any_broker, client_conf, consumer_conf
from events.kafka.producer import DELIVERY_SECONDS, QUEUE_BYTES, QUEUE_RECORDS, producer_conf
from tests.support.mock_kafka import MockKafka
from tests.support.settings_start import assert_each, assert_refused, faults_of, started, table

pytestmark = pytest.mark.slow

LIMIT_SECONDS = 20.0


@pytest.fixture
def broker() -> Iterator[str]:
    with MockKafka() as cluster:
        cluster.create("topic", 1)
        yield cluster.bootstrap


def environ_of(row: str) -> dict[str, str]:
    """NAME=value, and others behind a comma."""
    pairs = (each.partition("=") for each in row.split(",KAFKA_"))
    return {
        name if name.startswith("KAFKA_") else f"KAFKA_{name}": value for name, _, value in pairs
    }


def answers(environ: dict[str, str]) -> None:
    """Every kind of client that we have is answered."""
    conf = started(environ)["KAFKA_CONF"]
    reader = kafka.Consumer(consumer_conf(conf, "group"))
    writing = producer_conf(conf, DELIVERY_SECONDS, QUEUE_BYTES, QUEUE_RECORDS)
    for client in (AdminClient(client_conf(conf)), reader, kafka.Producer(writing)):
        ask_any_broker(client, LIMIT_SECONDS)
    reader.close()


def test_hosts_that_can_never_be_called_are_refused() -> None:
    refused, _ = table("kafka_hosts")
    assert_each(refused, lambda value: assert_refused("KAFKA_HOSTS", value))


def test_hosts_that_are_taken_answer(broker: str) -> None:
    _, taken = table("kafka_hosts")
    places = {"tcp": broker, "port": broker.rpartition(":")[2]}
    assert_each(taken, lambda value: answers({"KAFKA_HOSTS": value.format(**places)}))


def test_properties_that_can_never_work_are_refused() -> None:
    def refused(row: str) -> None:
        (name, value), *others = environ_of(row).items()
        assert_refused(name, value, **dict(others))

    assert_each(table("kafka_conf")[0], refused)


def test_with_properties_that_are_taken_brokers_answer(broker: str) -> None:
    _, taken = table("kafka_conf")
    assert_each(taken, lambda row: answers({"KAFKA_HOSTS": broker, **environ_of(row)}))


def test_all_that_are_wrong_are_named() -> None:
    wrong = {"KAFKA_CONF_acks": "most", "KAFKA_CONF_nix": "1", "KAFKA_CONF_group_id": "x"}
    faults = faults_of({**wrong, "KAFKA_CONF_client_id": "x"})
    assert {fault.partition(":")[0] for fault in faults} == set(wrong)


def test_who_is_called_first_is_said_once_in_one_place() -> None:
    settings = started({"KAFKA_HOSTS": "a", "KAFKA_CONF_bootstrap_servers": "b:1"})

    assert settings["KAFKA_CONF"]["bootstrap.servers"] == "a:9092"
    assert settings["SERVICES"] == [("a", 9092)]
    (note,) = (note for note in settings["SETTINGS_NOTES"] if "KAFKA_CONF" in note)
    assert note.startswith("KAFKA_CONF_bootstrap_servers: does not count")


def test_one_property_under_two_names_is_refused() -> None:
    faults = faults_of({"KAFKA_CONF_client_id": "a", "KAFKA_CONF_CLIENT_ID": "b"})
    assert faults == ["KAFKA_CONF_client_id: is also given as KAFKA_CONF_CLIENT_ID"]

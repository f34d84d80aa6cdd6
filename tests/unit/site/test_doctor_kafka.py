"""What the doctor says of brokers and topics, by what Kafka answers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, Uuid
from confluent_kafka.admin import AclOperation, TopicDescription
from django.conf import LazySettings

from events.kafka.complaints import Reason
from events.kafka.reasons import BrokerFault
from logshuttle_site.doctor import kafka_brokers
from logshuttle_site.doctor.findings import Finding
from logshuttle_site.doctor.kafka_brokers import Place, brokers
from logshuttle_site.doctor.kafka_topics import About, _retention, _rights, _which
from tests.support.ports import free_port

READ, WRITE = AclOperation.READ, AclOperation.WRITE
UNKNOWN = KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)
REFUSED = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)


def said(findings: Iterator[Finding]) -> list[str]:
    return [f"{each.verdict} {each.said}" for each in findings]


def topic(name: str, *allowed: AclOperation) -> TopicDescription:
    return TopicDescription(name, Uuid(1, 2), False, [], list(allowed))


@pytest.fixture
def listening() -> Iterator[Place]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Place("127.0.0.1", server.getsockname()[1])


class Answers:
    """In place of Kafka."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, found: dict[int, Place] | None) -> None:
        self._found = found
        monkeypatch.setattr(kafka_brokers, "_Asked", lambda: self)

    def brokers(self) -> dict[int, Place]:
        if self._found is None:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        return self._found

    def fetch_versions(self) -> list[int]:
        return [17]

    def reasons(self) -> list[Reason]:
        return [Reason("x:1: SASL authentication error", BrokerFault.PASSWORD.value)]

    def heard_of(self, place: Place) -> bool:
        return False


def test_a_broker_that_is_not_where_it_says_is_named(
    monkeypatch: pytest.MonkeyPatch, settings: LazySettings, listening: Place
) -> None:
    away = Place("127.0.0.1", free_port())
    settings.KAFKA_HOSTS = [str(listening)]
    Answers(monkeypatch, {1: listening, 2: away})

    assert said(brokers()) == [
        f"ok 2 brokers answer: {listening}, {away}.",
        f"fail Broker 2 says that it is at {away}, and there: connection refused.",
        "ok The oldest broker speaks as Kafka 3.9 does, or a later one.",
    ]


def test_a_broker_that_says_it_is_this_machine_is_named(
    monkeypatch: pytest.MonkeyPatch, settings: LazySettings, listening: Place
) -> None:
    monkeypatch.setattr(kafka_brokers, "_connect", lambda place: "")
    settings.KAFKA_HOSTS, settings.LAPTOP_MODE = ["kafka.example:9092"], False
    Answers(monkeypatch, {1: listening})

    found = list(brokers())

    assert [each.verdict for each in found] == ["ok", "fail", "ok", "warn"]
    assert found[1].said.endswith("which is this machine.")
    assert "advertised.listeners" in found[1].do


def test_where_kafka_does_not_answer_each_host_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, settings: LazySettings, listening: Place
) -> None:
    away = f"127.0.0.1:{free_port()}"
    settings.KAFKA_HOSTS = [away, str(listening)]
    Answers(monkeypatch, None)

    found = list(brokers())

    assert said(iter(found)) == [
        "fail Kafka cannot be used. x:1: SASL authentication error.",
        f"warn {away} of KAFKA_HOSTS is not reached: connection refused.",
    ]
    assert "KAFKA_CONF_sasl_password" in found[0].do


def test_what_librdkafka_says_is_said(
    monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    """Of a real client; it does not tell twice of who is complained of already."""
    away = f"127.0.0.1:{free_port()}"
    monkeypatch.setattr(kafka_brokers, "ANSWER_SECONDS", 0.5)
    settings.KAFKA_HOSTS, settings.KAFKA_CONF = [away], {"bootstrap.servers": away}

    assert said(brokers()) == [f"fail Kafka cannot be used. {away}: Connection refused."]


@pytest.mark.parametrize(
    ("found", "spaces", "sentence"),
    [
        (
            {"alamoweblogs": UNKNOWN, "gs": UNKNOWN},
            {"gs"},
            "warn None of our topics is there: alamoweblogs, gs.",
        ),
        (
            {"alamoweblogs": UNKNOWN, "gs": topic("gs", READ)},
            {"gs"},
            "ok 1 of the 2 topics that have to do with us are there; nobody has made alamoweblogs.",
        ),
        (
            {"alamoweblogs": topic("alamoweblogs", READ), "gs": UNKNOWN},
            {"gs"},
            "warn 1 of the 2 topics that have to do with us are there. Not there, though drains"
            " wait for them: gs.",
        ),
    ],
)
def test_topics_that_are_not_there_are_named(found: About, spaces: set[str], sentence: str) -> None:
    assert said(iter([_which(found, spaces)])) == [sentence]


@pytest.mark.parametrize(
    ("about", "sentences"),
    [
        (
            topic("gs", READ, WRITE),
            ["ok Kafka lets us read them all, and write to those of spaces."],
        ),
        (topic("gs"), ["ok Kafka lets us read them all, and write to those of spaces."]),
        (topic("gs", WRITE), ["fail Kafka does not let us read the topic gs."]),
        (REFUSED, ["fail Kafka does not let us read the topic gs."]),
        (
            topic("gs", READ),
            ["warn Kafka does not let us write to gs: POST /log-events fails there."],
        ),
    ],
)
def test_rights_that_are_missing_are_named(about: Any, sentences: list[str]) -> None:
    assert said(_rights({"gs": about}, {"gs"})) == sentences


def test_short_retentions_come_first() -> None:
    hour = 3_600_000
    assert said(_retention({"a": 168 * hour, "b": 24 * hour, "c": None})) == [
        "ok Records are kept: b 24 h, a 168 h."
    ]
    assert said(_retention({"a": hour // 2})) == ["warn Records are kept: a 0.5 h."]
    assert said(_retention({"a": None})) == []

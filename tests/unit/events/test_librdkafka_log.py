"""librdkafka's log: heard always, written where somebody has asked for it, and without secrets."""

from __future__ import annotations

import logging

import pytest
from confluent_kafka import KafkaError

from events.kafka.complaints import Complaints
from events.kafka.librdkafka_log import LibrdkafkaLog

FORM = "%s [%s] %s"
REFUSED = (
    "[thrd:a:1/1]: a:1/1: Connect to ipv4#1:1 failed: Connection refused"
    " (after 0ms in state CONNECT)"
)
SECRET = "s3cret-of-the-tests"


def written(
    caplog: pytest.LogCaptureFixture, settings: dict[str, str], text: str, facility: str = "BROKER"
) -> list[str]:
    caplog.set_level(logging.DEBUG)
    LibrdkafkaLog(settings, Complaints()).log(logging.DEBUG, FORM, facility, "rdkafka#1", text)
    return [record.getMessage() for record in caplog.records]


def test_what_it_says_of_a_broker_is_heard_and_not_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    complaints = Complaints()
    log = LibrdkafkaLog({}, complaints)
    log.log(logging.ERROR, FORM, "FAIL", "rdkafka#1", REFUSED)
    log.log(logging.ERROR, FORM, "REQTMOUT", "rdkafka#1", "[thrd:b:1/1]: b:1/1: Timed out")

    assert [reason.said for reason in complaints.reasons(["a:1"], 0)] == ["a:1: Connection refused"]
    assert not caplog.records


def test_an_error_is_heard_too() -> None:
    complaints = Complaints()
    log = LibrdkafkaLog({"log_level": "0"}, complaints)
    log.error(KafkaError(KafkaError._TRANSPORT, REFUSED.split("]: ")[1]))
    log.error(KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down"))

    assert [reason.said for reason in complaints.reasons(["a:1"], 0)] == ["a:1: Connection refused"]


def test_a_broker_that_is_called_as_a_secret_is_keeps_its_name() -> None:
    complaints = Complaints()
    LibrdkafkaLog({"sasl.password": "a"}, complaints).log(1, FORM, "FAIL", "rdkafka#1", REFUSED)

    assert complaints.heard_of("a:1")


def test_with_debug_all_is_written_on_one_line(caplog: pytest.LogCaptureFixture) -> None:
    assert written(caplog, {"debug": "broker"}, "one\ntwo") == ["BROKER [rdkafka#1] one two"]


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("sasl.password", SECRET, f"  sasl.password = {SECRET}"),
        ("sasl.oauthbearer.client.secret", SECRET, f"client_secret={SECRET}"),
        ("sasl.oauthbearer.extensions", SECRET, f"  sasl.oauthbearer.extensions = {SECRET}"),
        ("ssl.key.pem", f"-----BEGIN\n{SECRET}", f"ssl.key.pem = -----BEGIN\n{SECRET}"),
        ("any", "x", f'Failed to get it from "https://us:{SECRET}@sso.example/": refused'),
    ],
)
def test_no_secret_is(caplog: pytest.LogCaptureFixture, name: str, value: str, text: str) -> None:
    said = written(caplog, {"debug": "all", name: value}, text)

    assert len(said) == 1
    assert SECRET not in said[0]
    assert "***" in said[0]


def test_no_secret_is_among_the_reasons() -> None:
    complaints = Complaints()
    text = f'OIDC: "https://us:{SECRET}@sso.example/": refused'
    LibrdkafkaLog({}, complaints).error(KafkaError(KafkaError._AUTHENTICATION, text))

    assert SECRET not in complaints.reasons([], 0)[0].said

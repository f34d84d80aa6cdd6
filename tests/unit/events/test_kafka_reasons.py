"""What librdkafka says of a broker, and where we say to look. Its words are of 2.16."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException

from events.kafka.reasons import BrokerFault, Complaint, complaint_of, is_away, words_of

AT = "kafka-1:9092"


@pytest.mark.parametrize(
    ("said", "why", "fault"),
    [
        (
            f"{AT}/bootstrap: Connect to ipv4#10.0.0.1:9092 failed: Connection refused"
            " (after 0ms in state CONNECT, 7 identical error(s) suppressed)",
            "Connection refused",
            BrokerFault.UNREACHABLE,
        ),
        (
            f"GroupCoordinator: {AT}: Connect to ipv6#[::1]:9092 failed: No route to host"
            " (after 3ms in state CONNECT)",
            "No route to host",
            BrokerFault.UNREACHABLE,
        ),
        (
            f"{AT}/bootstrap: Connection setup timed out in state CONNECT"
            " (after 30003ms in state CONNECT)",
            "Connection setup timed out in state CONNECT",
            BrokerFault.UNREACHABLE,
        ),
        (
            f"{AT}/bootstrap: Failed to resolve '{AT}': Name or service not known"
            " (after 5ms in state CONNECT)",
            f"Failed to resolve '{AT}': Name or service not known",
            BrokerFault.NAME,
        ),
        (
            f"{AT}/bootstrap: Disconnected: connection closed by peer: receive 0 after POLLIN"
            " (after 1ms in state UP)",
            "Disconnected: connection closed by peer",
            BrokerFault.WANTS_LOGIN,
        ),
        (
            f"ssl://{AT}/1: Disconnected: SSL connection closed by peer (after 1ms in state UP)",
            "Disconnected: SSL connection closed by peer",
            BrokerFault.WANTS_LOGIN,
        ),
        (
            f"sasl_ssl://{AT}/1: Disconnected: SSL connection closed by peer"
            " (after 600000ms in state UP)",
            "Disconnected: SSL connection closed by peer",
            BrokerFault.PARTED,
        ),
        (
            f"{AT}/1: 3 request(s) timed out: disconnect (average rtt 1.000ms)"
            " (after 60000ms in state UP)",
            "3 request(s) timed out: disconnect (average rtt 1.000ms)",
            BrokerFault.SILENT,
        ),
        (
            f"{AT}/bootstrap: Disconnected: connection reset by peer"
            " (after 0ms in state APIVERSION_QUERY)",
            "Disconnected: connection reset by peer",
            BrokerFault.WANTS_TLS,
        ),
        (
            f"{AT}/bootstrap: Receive failed: Invalid response size 352518912 (0..100000000):"
            " increase receive.message.max.bytes (after 0ms in state APIVERSION_QUERY)",
            "Receive failed: Invalid response size 352518912 (0..100000000)",
            BrokerFault.WANTS_TLS,
        ),
        (
            f"{AT}/bootstrap: Receive failed: Invalid response size 1213486160 (0..100000000):"
            " increase receive.message.max.bytes (after 0ms in state APIVERSION_QUERY)",
            "Receive failed: Invalid response size 1213486160 (0..100000000)",
            BrokerFault.NO_KAFKA,
        ),
        (
            f"{AT}/bootstrap: ApiVersionRequest failed: Local: Timed out: probably due to broker"
            " version < 0.10 (see api.version.request configuration)"
            " (after 10ms in state APIVERSION_QUERY)",
            "ApiVersionRequest failed: Local: Timed out: probably due to broker version < 0.10"
            " (see api.version.request configuration)",
            BrokerFault.SILENT,
        ),
        (
            f"{AT}/bootstrap: ApiVersionRequest failed: Broker: API version not supported: probably"
            " due to broker version < 0.10 (see api.version.request configuration)"
            " (after 1ms in state APIVERSION_QUERY)",
            "ApiVersionRequest failed: Broker: API version not supported: probably due to broker"
            " version < 0.10 (see api.version.request configuration)",
            BrokerFault.TOO_OLD,
        ),
        (
            f"ssl://{AT}/bootstrap: SSL handshake failed: Disconnected: SSL connection closed by"
            " peer: connecting to a PLAINTEXT broker listener? (after 1ms in state SSL_HANDSHAKE)",
            "SSL handshake failed: Disconnected: SSL connection closed by peer: connecting to a"
            " PLAINTEXT broker listener",
            BrokerFault.NO_TLS,
        ),
        (
            f"ssl://{AT}/bootstrap: error:0A00010B:SSL routines::wrong version number"
            " (after 1ms in state SSL_HANDSHAKE)",
            "wrong version number",
            BrokerFault.NO_TLS,
        ),
        (
            f"ssl://{AT}/bootstrap: error:0A000086:SSL routines::certificate verify failed"
            " (after 1ms in state SSL_HANDSHAKE)",
            "certificate verify failed",
            BrokerFault.CERTIFICATE,
        ),
        (
            f"ssl://{AT}/bootstrap: Receive failed: error:0A00045C:SSL routines::tlsv13 alert"
            " certificate required: SSL alert number 116 (after 1ms in state APIVERSION_QUERY)",
            "Receive failed: tlsv13 alert certificate required: SSL alert number 116",
            BrokerFault.OUR_CERTIFICATE,
        ),
        (
            f"sasl_plaintext://{AT}/bootstrap: SASL authentication error: Authentication failed:"
            " Invalid username or password (after 136ms in state AUTH_REQ)",
            "SASL authentication error: Authentication failed: Invalid username or password",
            BrokerFault.PASSWORD,
        ),
        (
            f"sasl_plaintext://{AT}/bootstrap: SASL SCRAM-SHA-256 mechanism handshake failed:"
            " Broker: Unsupported SASL mechanism: broker's supported mechanisms: PLAIN"
            " (after 2ms in state AUTH_HANDSHAKE)",
            "SASL SCRAM-SHA-256 mechanism handshake failed: Broker: Unsupported SASL mechanism:"
            " broker's supported mechanisms: PLAIN",
            BrokerFault.MECHANISM,
        ),
        (
            f"sasl_ssl://{AT}/bootstrap: SASL PLAIN mechanism handshake failed: Broker: Request not"
            " valid in current SASL state: broker's supported mechanisms: "
            " (after 2ms in state AUTH_HANDSHAKE)",
            "SASL PLAIN mechanism handshake failed: Broker: Request not valid in current SASL"
            " state: broker's supported mechanisms",
            BrokerFault.NO_LOGIN,
        ),
    ],
)
def test_it_is_told_apart(said: str, why: str, fault: BrokerFault) -> None:
    """In the log a line has the thread before it, which for a broker has its name."""
    name = said.split(": ")[0]
    wanted = Complaint(AT, why, fault, "imed out" in why, "state UP" in said)

    assert complaint_of(said) == wanted
    assert complaint_of(f"[thrd:{name}]: {said}") == wanted


def test_a_broker_of_ipv6_is_named() -> None:
    found = complaint_of("[thrd:[::1]:9/1]: [::1]:9/1: Connect failed (after 0ms in state CONNECT)")

    assert found is not None
    assert found.broker == "[::1]:9"


def test_what_names_no_broker_is_a_reason_too() -> None:
    said = "Failed to acquire SASL OAUTHBEARER token: no answer"

    assert complaint_of(said) == Complaint("", said, BrokerFault.LOGIN)


def test_how_many_are_down_is_none() -> None:
    assert complaint_of("1/1 brokers are down") is None


def test_who_answers_no_is_not_away() -> None:
    away = KafkaException(KafkaError(KafkaError._TRANSPORT, "x: gone (after 1ms in state UP)"))
    refused = KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))

    assert is_away(away)
    assert words_of(away) == "x: gone"
    assert not is_away(refused)
    assert not is_away(refused.args[0])

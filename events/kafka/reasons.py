"""Why a broker cannot be used: what librdkafka says of it, told apart in one place, and where to
look.

It says it in its log, in lines of the facility FAIL, and most of it once more as errors. What says
least, "1/1 brokers are down", is the only one of these that has an error code of its own.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException

FACILITY = "FAIL"
"""Of librdkafka's lines that say why it has no connection to a broker."""


class BrokerFault(Enum):
    """The value says where to look, in sentences, without the last full stop."""

    NAME = "See that the name is right, and known to the name server here"
    UNREACHABLE = "See that a broker runs there, and that the way from here is open"
    SILENT = "See that it is Kafka, that it is well, and that nothing on the way drops packets"
    NO_KAFKA = "What answers there is not Kafka: look at the port"
    WANTS_TLS = (
        "It may want TLS, or be no Kafka, or one before 0.10: look at KAFKA_CONF_security_protocol,"
        " and at the port"
    )
    WANTS_LOGIN = (
        "Where this goes on, it wants a login: look at KAFKA_CONF_security_protocol, SASL_PLAINTEXT"
        " or SASL_SSL"
    )
    NO_TLS = "It may speak no TLS at this port: look at KAFKA_CONF_security_protocol"
    NO_LOGIN = "It takes no login at this port: look at KAFKA_CONF_security_protocol"
    CERTIFICATE = (
        "See that KAFKA_CONF_ssl_ca_location has the authority of its certificate, that this is"
        " for the name by which we call it, and that it has not ended"
    )
    OUR_CERTIFICATE = (
        "It wants a certificate of ours, or another one: look at"
        " KAFKA_CONF_ssl_certificate_location and KAFKA_CONF_ssl_key_location"
    )
    TLS = "Look at KAFKA_CONF_security_protocol and what begins with KAFKA_CONF_ssl_"
    MECHANISM = "Look at KAFKA_CONF_sasl_mechanism"
    PASSWORD = "Look at KAFKA_CONF_sasl_username and KAFKA_CONF_sasl_password"  # noqa: S105
    LOGIN = "Look at what begins with KAFKA_CONF_sasl_"
    PARTED = "It may be about to stop"
    TOO_OLD = "Take Kafka 2.8 or later"
    OTHER = "See that brokers are well"


class Complaint(NamedTuple):
    """What librdkafka says of one broker."""

    broker: str
    """As `host:port`. Empty: of none in particular."""
    why: str
    fault: BrokerFault
    is_slow: bool = False
    """It comes when a time is up, and again only when it is up again."""
    is_parting: bool = False
    """A connection that worked has ended: brokers do that to those that are idle, and when they
    stop; and clients do, when an answer is late."""


_THREAD = re.compile(r"^\[thrd:.*?\]: ")
_BROKER = re.compile(
    r"(?:GroupCoordinator: )?(?:(?P<protocol>\w+)://)?"
    r"(?P<broker>\[[^\]\s]+\]:\d+|[^\s/:\[\]]+:\d+)(?:/\w+)?: (?P<why>.+)",
    re.DOTALL,
)
_STATE = re.compile(r" \(after \d+ms in state (\w+)(?:, \d+ identical error\(s\) suppressed)?\)")
# Of no use to who reads it: which of a name's addresses it was, OpenSSL's numbers, its own calls.
_ASIDE = re.compile(
    r"Connect to ipv[46]#\S+ failed: |error:[0-9A-F]{8}:SSL routines::|: receive 0 after POLLIN"
    r"|: increase receive\.message\.max\.bytes"
)
_SIZE = re.compile(r"Invalid response size (-?\d+)")
_TLS_ALERT = 0x15_03
"""The first two bytes of one, which are no size."""

_BY_WORDS = (
    ("Failed to resolve", BrokerFault.NAME),
    ("certificate verify failed", BrokerFault.CERTIFICATE),
    ("alert certificate required", BrokerFault.OUR_CERTIFICATE),
    ("alert bad certificate", BrokerFault.OUR_CERTIFICATE),
    ("alert unknown ca", BrokerFault.OUR_CERTIFICATE),
    ("alert handshake failure", BrokerFault.OUR_CERTIFICATE),
    ("PLAINTEXT broker listener", BrokerFault.NO_TLS),
    ("wrong version number", BrokerFault.NO_TLS),
    ("not valid in current SASL state", BrokerFault.NO_LOGIN),
    ("Unsupported SASL mechanism", BrokerFault.MECHANISM),
    ("SASL authentication error", BrokerFault.PASSWORD),
    ("Authentication failed", BrokerFault.PASSWORD),
    ("not supported by broker", BrokerFault.TOO_OLD),
    ("version not supported", BrokerFault.TOO_OLD),
    ("SASL", BrokerFault.LOGIN),
    ("OAUTHBEARER", BrokerFault.LOGIN),
    ("OIDC", BrokerFault.LOGIN),
)
_BY_STATE = {
    "CONNECT": BrokerFault.UNREACHABLE,
    "SSL_HANDSHAKE": BrokerFault.NO_TLS,
    "APIVERSION_QUERY": BrokerFault.WANTS_TLS,
    "AUTH_HANDSHAKE": BrokerFault.LOGIN,
    "AUTH_REQ": BrokerFault.LOGIN,
    "UP": BrokerFault.PARTED,
}

_RIGHTS = {
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "the right to do this in the cluster",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "READ on the group that KAFKA_GROUP names",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "READ on the topic",
}
_AWAY = frozenset(
    {
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._AUTHENTICATION,
        KafkaError._RESOLVE,
        KafkaError._SSL,
        KafkaError._TIMED_OUT,
        KafkaError._TIMED_OUT_QUEUE,
        KafkaError._TRANSPORT,
        KafkaError._WAIT_COORD,
    }
)


def complaint_of(text: str) -> Complaint | None:
    """What a line of librdkafka's log, or an error of its, says of a broker. None: nothing but
    that all are down."""
    text = _THREAD.sub("", text)
    if text.endswith("brokers are down"):
        return None
    found = _BROKER.match(text)
    protocol, broker, why = found.group("protocol", "broker", "why") if found else ("", "", text)
    found = _STATE.search(why)
    state = found[1] if found else ""
    fault = _fault_of(why, state, protocol or "plaintext")
    said = " ".join(_ASIDE.sub("", _STATE.sub("", why)).split()).rstrip(".:?")
    return Complaint(broker, said, fault, "imed out" in why, is_parting=state == "UP")


def _fault_of(why: str, state: str, protocol: str) -> BrokerFault:
    if size := _SIZE.search(why):
        alert = int(size[1]) >> 16 == _TLS_ALERT
        return BrokerFault.WANTS_TLS if alert else BrokerFault.NO_KAFKA
    for words, fault in _BY_WORDS:
        if words in why:
            return fault
    if "imed out" in why and state != "CONNECT":
        return BrokerFault.SILENT
    if "ssl" in protocol and "SSL routines" in why:
        return BrokerFault.TLS
    found = _BY_STATE.get(state, BrokerFault.OTHER)
    if found is BrokerFault.WANTS_TLS and "ssl" in protocol:
        return BrokerFault.TLS
    if found is BrokerFault.PARTED and "sasl" not in protocol:
        return BrokerFault.WANTS_LOGIN  # it lets anybody ask what it can do, and nothing else
    return found


def words_of(error: KafkaError | KafkaException) -> str:
    """librdkafka's own words, without what is of no use to who reads them."""
    return _ASIDE.sub("", _STATE.sub("", _told(error).str())).rstrip(".")


def is_away(error: KafkaError | KafkaException) -> bool:
    """Whether Kafka did not answer. Else it has answered: no."""
    return _told(error).code() in _AWAY


def to_do_of(error: KafkaError | KafkaException) -> str:
    """A sentence with a blank before it, or nothing."""
    to_do = _RIGHTS.get(_told(error).code())
    return f" Give our user {to_do}." if to_do else ""


def _told(error: KafkaError | KafkaException) -> KafkaError:
    told: KafkaError = error.args[0] if isinstance(error, KafkaException) else error
    return told

"""Kafka's settings: who is called, and what librdkafka says of its properties."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

import confluent_kafka as kafka
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from events.kafka.client import client_conf, consumer_conf
from events.kafka.producer import DELIVERY_SECONDS, QUEUE_BYTES, QUEUE_RECORDS, producer_conf
from logshuttle_site.env import Env, quoted
from logshuttle_site.env_hosts import fault_of_host

KAFKA_PORT = 9092

_PREFIX = "KAFKA_CONF_"
_HOST_AND_PORT = re.compile(r"(\[[^\[\]]*\]|[^\s:\[\]/@]+)(?::(\d{1,5}))?", re.ASCII)
_GROUP_MAX = 255
_GROUP = re.compile(rf"[!-~]{{1,{_GROUP_MAX}}}")
_BROKERS = ("bootstrap.servers", "metadata.broker.list")
_TOGETHER = ("security.protocol", "sasl.mechanism", "sasl.mechanisms")
"""Whether they can be depends on others of them."""
_SECRET_PROPERTY = re.compile(
    r"(password|secret|key|token|jaas|oauth|pem|credential)(?!.*location)", re.IGNORECASE
)
_SAID_CHARACTERS = 300
_NUMBER = re.compile(r".*\.(ms|bytes|kbytes|messages)")
"""Of `10s` librdkafka takes the 10."""
_FRACTIONS = ("linger.ms", "queue.buffering.max.ms")
_NEVER = {
    "transactional.id": "no client of ours begins a transaction, and records would not go out",
    "enable.partition.eof": "readers would not learn where a partition ends",
    "logger": "is no property of librdkafka",
    "default.topic.config": "is no property that a variable can have",
}


def kafka_hosts_of(env: Env) -> list[str]:
    """`host:port` of each broker to begin with."""
    hosts = []
    for word in env.words("KAFKA_HOSTS"):
        match = _HOST_AND_PORT.fullmatch(word)
        if match is None or not 0 < int(match[2] or KAFKA_PORT) < 65536:
            env.fault("KAFKA_HOSTS", f"{quoted(word)} is not host or host:port")
        elif why := fault_of_host(match[1]):
            env.fault("KAFKA_HOSTS", f"{quoted(match[1])} {why}")
        else:
            hosts.append(f"{match[1]}:{match[2] or KAFKA_PORT}")
    return hosts


def kafka_conf_of(env: Env, hosts: list[str], group: str, *, probe: bool) -> dict[str, str]:
    """librdkafka's settings: KAFKA_CONF_security_protocol (or …_SECURITY_PROTOCOL) and so on.

    `probe`: let librdkafka say what is wrong with them; it asks no broker for that.
    """
    given: dict[str, tuple[str, str]] = {}
    for name, value in env.prefixed(_PREFIX).items():
        key = name.removeprefix(_PREFIX).lower().replace("_", ".")
        if key in _BROKERS:
            env.note(name, "does not count: KAFKA_HOSTS says which brokers are called first")
        elif key in given:
            env.fault(name, f"is also given as {given[key][0]}")
        elif key in _NEVER:
            env.fault(name, _NEVER[key])
        elif what := _no_number(key, value):
            env.fault(name, f"must be {what}, not {quoted(value)}")
        else:
            given[key] = name, value
    conf = {key: value for key, (_, value) in given.items()}
    if probe and (fault := _fault_of(conf, group)):
        singly = {key: _fault_of({key: conf[key]}, group) for key in conf if key not in _TOGETHER}
        for key, why in singly.items():
            if why:
                env.fault(given[key][0], why)
        if not any(singly.values()):
            env.fault(f"{_PREFIX}…", fault)
    return {"bootstrap.servers": ",".join(hosts), **conf}


def _no_number(key: str, value: str) -> str:
    """What it has to be, and is not."""
    if key in _FRACTIONS:
        return "" if re.fullmatch(r"\d+(\.\d+)?", value, re.ASCII) else "a number"
    is_none = _NUMBER.fullmatch(key) and not re.fullmatch(r"-?\d+", value, re.ASCII)
    return "a whole number" if is_none else ""


def _fault_of(conf: Mapping[str, str], group: str) -> str:
    """What the first client of ours says that cannot be with these; empty: all can. Without a
    broker nobody is called."""
    if not conf:
        return ""
    writing = DELIVERY_SECONDS, QUEUE_BYTES, QUEUE_RECORDS
    try:
        AdminClient({**client_conf(conf), **_UNHEARD})
        kafka.Consumer({**consumer_conf(conf, group), **_UNHEARD}).close()
        kafka.Producer({**producer_conf(conf, *writing), **_UNHEARD})
    except KafkaException as error:
        return _without_secrets(conf, error.args[0].str() if error.args else "not usable")
    except ValueError as error:
        return _without_secrets(conf, str(error))
    return ""


def _nobody_hears(error: kafka.KafkaError) -> None:
    """That there is no broker is what we have asked for."""


def _without_secrets(conf: Mapping[str, str], said: str) -> str:
    """On one line, as librdkafka repeats values."""
    for key, value in conf.items():
        if is_secret_property(key):
            said = said.replace(value, "***")
    return " ".join(said.split())[:_SAID_CHARACTERS]


def is_secret_property(name: str) -> bool:
    return _SECRET_PROPERTY.search(name) is not None


_SILENT = logging.getLogger(f"{__name__}.silent")
_SILENT.setLevel(logging.CRITICAL + 1)
_UNHEARD: dict[str, Any] = {"logger": _SILENT, "error_cb": _nobody_hears}


def kafka_group_of(env: Env, default: str) -> str:
    group = env.text("KAFKA_GROUP", default)
    if not _GROUP.fullmatch(group) or group == "*":  # which means all groups, to Kafka's ACLs
        env.fault("KAFKA_GROUP", f"must be 1 to {_GROUP_MAX} characters of ASCII without blanks")
    return group

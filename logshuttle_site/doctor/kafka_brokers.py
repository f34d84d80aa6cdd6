"""Kafka's brokers: do they answer, can each be reached where it says it is, how old are they."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from django.conf import settings

from drains.delivery.network.errors import explain
from events.kafka.client import client_conf
from events.kafka.complaints import Complaints, Reason
from events.kafka.librdkafka_log import LibrdkafkaLog
from logshuttle_site.checks_of_production import LOOPBACK_HOSTS
from logshuttle_site.doctor.findings import Finding, fail, ok, warn

ANSWER_SECONDS = 5.0
CONNECT_SECONDS = 2.0
_POLL_SECONDS = 0.05
_AT_ONCE = 16
_NAMED_MAX = 6

# What it tells of a broker: how far each of its requests goes. A fetch tells ages apart.
_FETCH = re.compile(r"ApiKey Fetch \(1\) Versions \d+\.\.(\d+)")
_RELEASES = {4: "0.11", 7: "1.1", 10: "2.1", 11: "2.3", 12: "2.7", 13: "3.1", 15: "3.5", 16: "3.7"}
_RELEASES |= {17: "3.9", 18: "4.1"}
_HAS_TOPIC_IDS = 12


class Place(NamedTuple):
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def brokers() -> Iterator[Finding]:
    first = [_place(text) for text in settings.KAFKA_HOSTS]
    asked = _Asked()
    try:
        found = asked.brokers()
    except KafkaException:
        for reason in asked.reasons():
            yield fail(f"Kafka cannot be used. {reason.said}.", f"{reason.do}.")
        yield from _unreachable({place for place in first if not asked.heard_of(place)})
        return
    names = ", ".join(str(place) for place in list(found.values())[:_NAMED_MAX])
    answer = "broker answers" if len(found) == 1 else "brokers answer"
    yield ok(f"{len(found)} {answer}: {names}{', …' if len(found) > _NAMED_MAX else ''}.")
    yield from _advertised(first, found)
    yield from _unreachable(set(first) - set(found.values()))
    yield from _age(asked.fetch_versions())
    if len(found) == 1 and not settings.LAPTOP_MODE:
        yield warn(
            "One broker is all there is: while it is away no line goes anywhere.",
            "Have three, and topics with replication.factor 3 and min.insync.replicas 2.",
        )


class _Asked:
    """A client of its own, and what it said of its trouble."""

    def __init__(self) -> None:
        self._complaints = Complaints()
        conf = client_conf(settings.KAFKA_CONF, self._complaints)
        self._log = _Gathered(conf["logger"])
        conf |= {"logger": self._log, "debug": "feature", "log_level": 7}
        self._admin = AdminClient(conf)

    def brokers(self) -> dict[int, Place]:
        """By their ids, as they advertise themselves. Raises KafkaException."""
        try:
            about = self._admin.list_topics(timeout=ANSWER_SECONDS)
        finally:
            self._admin.poll(_POLL_SECONDS)  # hands over what is to be told
        return {n: Place(str(each.host), int(each.port or 0)) for n, each in about.brokers.items()}

    def fetch_versions(self) -> list[int]:
        self._admin.poll(_POLL_SECONDS)
        return [int(number) for number in _FETCH.findall("\n".join(self._log.lines))]

    def reasons(self) -> list[Reason]:
        return self._complaints.reasons(settings.KAFKA_HOSTS, ANSWER_SECONDS)

    def heard_of(self, place: Place) -> bool:
        return self._complaints.heard_of(str(place))


class _Gathered:
    """Takes librdkafka's log, and hands it on."""

    def __init__(self, log: LibrdkafkaLog) -> None:
        self._log = log
        self.lines: list[str] = []

    def log(self, level: int, form: str, *said: str) -> None:
        self.lines.append(form % said)
        self._log.log(level, form, *said)


def _advertised(first: Iterable[Place], found: dict[int, Place]) -> Iterator[Finding]:
    """A client is told by any broker where all are, and goes there from then on."""
    remote = not all(place.host in LOOPBACK_HOSTS for place in first)
    reasons = _reach(found.values())
    for number, place in sorted(found.items()):
        if remote and place.host in LOOPBACK_HOSTS:
            said = f"Broker {number} says that it is at {place}, which is this machine"
        elif reasons[place]:
            said = f"Broker {number} says that it is at {place}, and there: {reasons[place]}"
        else:
            continue
        yield fail(
            f"{said}.", "Correct its advertised.listeners, or open the way from here to there."
        )


def _unreachable(first: Iterable[Place]) -> Iterator[Finding]:
    for place, why in sorted(_reach(first).items()):
        if why:
            yield warn(
                f"{place} of KAFKA_HOSTS is not reached: {why}.",
                "Correct KAFKA_HOSTS, or open the way there.",
            )


def _reach(places: Iterable[Place]) -> dict[Place, str]:
    """Why there is no TCP connection to each, or ""."""
    wanted = list(dict.fromkeys(places))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(wanted, pool.map(_connect, wanted), strict=True))


def _connect(place: Place) -> str:
    try:
        socket.create_connection(place, CONNECT_SECONDS).close()
    except OSError as error:
        return explain(error)
    return ""


def _age(versions: list[int]) -> Iterator[Finding]:
    if not versions:
        return
    oldest = min(versions)
    release = next((_RELEASES[n] for n in sorted(_RELEASES, reverse=True) if n <= oldest), "0.10")
    said = f"The oldest broker speaks as Kafka {release} does, or a later one."
    if oldest >= _HAS_TOPIC_IDS:
        yield ok(said)
    else:
        yield warn(
            f"{said} It has no ids of topics: one that is made anew is not told from the old.",
            "Take Kafka 2.8 or later.",
        )


def _place(text: str) -> Place:
    host, _, port = text.rpartition(":")
    return Place(host.strip("[]"), int(port))

"""Asks Kafka all the time, so that a process says why it cannot be used before anybody needs it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from events.kafka.client import COMPLAINTS, ask_any_broker, ask_for_use, client_conf
from events.kafka.lasting_client import LastingClient, heal_unpolled

ANSWER_SECONDS = 2.0
LOOK_SECONDS = 3.0
STOP_SECONDS = 1.0


class KafkaWatch:
    """Owns a client that is asked, all the time while it is entered, and what it complains of is
    heard. The thread is no reason for a process to stay."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._first = frozenset(settings["bootstrap.servers"].split(","))
        self._kafka = LastingClient(lambda: AdminClient(client_conf(settings)))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kafka-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(STOP_SECONDS)

    def prove(self) -> None:
        """Raises KafkaException when no broker can be used."""
        try:
            ask_for_use(self._kafka.client, ANSWER_SECONDS)
        except KafkaException:
            heal_unpolled(self._kafka)
            raise

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                brokers = ask_any_broker(self._kafka.client, ANSWER_SECONDS)
            except KafkaException:
                brokers = frozenset()
                heal_unpolled(self._kafka)
            self._kafka.client.poll(0)  # one may complain of others than have answered
            COMPLAINTS.judge(self._first, brokers)
            self._over.wait(LOOK_SECONDS)

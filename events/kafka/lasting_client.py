"""Clients of Kafka that librdkafka may leave without any broker for good.

A broker that has just started, or is about to stop, may name no broker in its answer. librdkafka
(2.10 to 2.16 at least, https://github.com/confluentinc/librdkafka/issues/5301) takes its word: it
forgets all that it knew, those that it began with too, and connects to nobody ever again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from events.kafka.client import ask_any_broker, can_be_used

logger = logging.getLogger(__name__)

LOOK_SECONDS = 3.0
TIMES = 2
"""So often in turn another client reached a broker while this one had none: one that is about to
connect again has done so by the second time."""
ANSWER_SECONDS = 1.0
KEPT_SECONDS = 60.0
"""Longer than any question waits for its answer."""

_Client = TypeVar("_Client", Consumer, Producer, AdminClient)


class LastingClient(Generic[_Client]):
    """Owns a client, and makes another in its place when it has lost all brokers for good."""

    def __init__(
        self, make: Callable[[], _Client], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.client: _Client = make()
        self._make: Callable[[], _Client] = make
        self._clock = clock
        self._look_at = clock()
        self._reached_by_others = 0
        self._looking = threading.Lock()
        self.lock = threading.RLock()
        """Held while another takes its place: for those who must not use the one that was left."""

    def heal(self, go_on: Callable[[_Client], None] | None = None) -> None:
        """To be called whenever nothing comes. `go_on` is called when there is another client, with
        the one in whose place it is. Blocks for `ANSWER_SECONDS` at most, and only where the client
        has no broker."""
        if not self._looking.acquire(blocking=False):
            return  # somebody does
        try:
            self._look(go_on)
        finally:
            self._looking.release()

    def _look(self, go_on: Callable[[_Client], None] | None) -> None:
        now = self._clock()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        if _has_broker(self.client):
            self._reached_by_others = 0
            return
        try:
            other = self._make()
        except KafkaException:  # no files are left, a certificate is being renewed
            self._reached_by_others = 0
            return
        self._reached_by_others = (
            self._reached_by_others + 1 if can_be_used(other, ANSWER_SECONDS) else 0
        )
        if self._reached_by_others < TIMES:
            return
        self._reached_by_others = 0
        logger.warning(
            "Kafka answers others, and this client has lost it: it is made anew",
            extra={"action": "client_anew"},
        )
        with self.lock:
            left, self.client = [self.client], other
            if go_on is not None:
                go_on(left[0])
        # Its end takes a moment, in a thread, and waits: what it was asked before would never be
        # answered else, not even with a time-out. A consumer tells nobody that it goes.
        end = threading.Timer(KEPT_SECONDS, left.clear)
        end.daemon = True
        end.start()


def heal_unpolled(kafka: LastingClient[AdminClient]) -> None:
    """`heal`, of a client that is only asked: what it complains of waits in it, more and more."""
    kafka.client.poll(0)
    kafka.heal()


def _has_broker(client: Consumer | Producer | AdminClient) -> bool:
    """Whether it is connected to one: asks nobody."""
    try:
        ask_any_broker(client, 0.0)
    except KafkaException as error:
        return bool(error.args[0].code() != KafkaError._TRANSPORT)
    return True

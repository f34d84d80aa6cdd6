"""Which log a topic's name stands for: one that is deleted and made anew has another id.

Offsets of the old log mean nothing in the new one, and Kafka does not say so by itself: a reader
that stood at 500 goes on at 500.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from events.kafka.client import client_conf

REQUEST_SECONDS = 5.0


class TopicIds:
    """Calls block, so they belong in a thread; `known` may be read from any."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._admin = AdminClient(client_conf(settings))
        self.known: dict[str, str] = {}

    def learn(self, topics: Collection[str]) -> None:
        """From now on these are the ids that are compared with. Raises KafkaException."""
        self.known.update(self._ask(topics))

    def of(self, topic: str) -> str:
        """Empty where nobody has said it yet."""
        return self.known.get(topic, "")

    def believe(self, topic: str, topic_id: str) -> None:
        """What is known of a topic until Kafka says what it is."""
        self.known.setdefault(topic, topic_id)

    def changed(self, topics: Collection[str]) -> frozenset[str]:
        """Those that are another log by now than the one that is known. Raises KafkaException."""
        present = self._ask(topics)
        self.known.update({t: now for t, now in present.items() if not self.of(t)})
        return frozenset(t for t, now in present.items() if self.of(t) != now)

    def _ask(self, topics: Collection[str]) -> dict[str, str]:
        """Of those that exist."""
        if not topics:
            return {}
        answers = self._admin.describe_topics(
            TopicCollection(list(topics)), request_timeout=REQUEST_SECONDS
        )
        ids = {}
        for topic, answer in answers.items():
            try:
                ids[topic] = str(answer.result(REQUEST_SECONDS * 2).topic_id)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
        return ids

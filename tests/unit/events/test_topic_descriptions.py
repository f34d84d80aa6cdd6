"""What Kafka's answer on a topic says of what we may do."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError
from confluent_kafka.admin import AclOperation, AdminClient, TopicDescription

from events.kafka.topic_descriptions import may_be_read, refusal_of, retention_ms


def topic(*operations: AclOperation) -> TopicDescription:
    return TopicDescription("gs", None, False, [], list(operations))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("about", "may"),
    [
        (topic(AclOperation.READ, AclOperation.DESCRIBE), True),
        (topic(AclOperation.WRITE, AclOperation.DESCRIBE), False),
        (topic(), True),  # of a broker that does not tell
        (KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED), False),
        (KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART), True),
    ],
)
def test_what_may_be_read(about: TopicDescription | KafkaError, may: bool) -> None:
    assert may_be_read(about) is may


def test_a_refusal_names_the_topics() -> None:
    assert refusal_of({"b", "a"}) == "Kafka does not let us read the topic a, b"


async def test_where_there_are_no_topics_nothing_is_asked() -> None:
    assert await retention_ms(AdminClient({"bootstrap.servers": "127.0.0.1:1"}), ()) == {}

"""What Kafka says of topics one by one, and of what we may do with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient, ConfigResource, TopicDescription

from events.kafka.answers import outcomes, seconds_for

# What we are not let to see has no lines for us.
_NOT_THERE = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.TOPIC_AUTHORIZATION_FAILED})


async def describe(
    admin: AdminClient, topics: Collection[str], *, rights: bool = False
) -> dict[str, TopicDescription | KafkaError]:
    """What each is, or why it is not there for us. `rights`: with what we may do. Raises
    KafkaException when Kafka does not answer."""
    asked = admin.describe_topics(
        TopicCollection(sorted(topics)),
        include_authorized_operations=rights,
        request_timeout=seconds_for(len(topics)),
    )
    # An error that is raised here would keep this frame, and with it the client, alive for long.
    found: dict[str, TopicDescription | KafkaError] = {}
    for topic, answer in (await outcomes(asked)).items():
        if not isinstance(answer, BaseException):
            found[topic] = answer
        elif isinstance(answer, KafkaException) and answer.args[0].code() in _NOT_THERE:
            found[topic] = answer.args[0]
        else:
            raise KafkaException(*answer.args) if isinstance(answer, KafkaException) else answer
    return found


def refusal_of(topics: Iterable[str]) -> str:
    """In an operator's words."""
    return f"Kafka does not let us read the topic {', '.join(sorted(topics))}"


def may_be_read(about: TopicDescription | KafkaError) -> bool:
    """Of one described with its rights. A topic that is not there yet may be, for all we know."""
    if isinstance(about, KafkaError):
        return about.code() != KafkaError.TOPIC_AUTHORIZATION_FAILED
    allowed = about.authorized_operations  # None: this broker does not tell
    return allowed is None or AclOperation.READ in allowed


async def retention_ms(admin: AdminClient, topics: Collection[str]) -> dict[str, int | None]:
    """How long each keeps its records by their age; None: for ever, by their size alone, or that we
    may not know. Raises KafkaException when Kafka does not answer."""
    if not topics:  # librdkafka refuses to ask for nothing
        return {}
    wanted = [ConfigResource(ConfigResource.Type.TOPIC, topic) for topic in sorted(topics)]
    asked = admin.describe_configs(wanted, request_timeout=seconds_for(len(wanted)))
    found: dict[str, int | None] = {}
    for resource, answer in (await outcomes(asked)).items():
        if not isinstance(answer, BaseException):
            found[resource.name] = _retention_of({name: of.value for name, of in answer.items()})
        elif isinstance(answer, KafkaException) and answer.args[0].code() in _NOT_THERE:
            found[resource.name] = None
        else:
            raise KafkaException(*answer.args) if isinstance(answer, KafkaException) else answer
    return found


def _retention_of(settings: Mapping[str, str | None]) -> int | None:
    """Not every broker names all of them."""
    text, policy = settings.get("retention.ms") or "", settings.get("cleanup.policy") or ""
    return int(text) if text.isdecimal() and int(text) > 0 and "delete" in policy else None

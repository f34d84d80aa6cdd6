"""Kafka's topics and our group: which are there, how long they keep lines, what we may do."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException
from confluent_kafka.admin import AclOperation, AdminClient, TopicDescription
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from drains.models import Drain
from events.kafka.answers import REQUEST_SECONDS
from events.kafka.client import client_conf
from events.kafka.cluster import Cluster
from events.kafka.reasons import is_away, words_of
from events.kafka.records import partition_of
from events.kafka.topic_descriptions import describe, may_be_read, refusal_of, retention_ms
from events.topics import SOURCE_TOPICS
from logshuttle_site.doctor.findings import Finding, fail, ok, warn

SHORT_RETENTION_HOURS = 1.0
_SPACES_MAX = 500
_DO_AWAY = "See what is said of Kafka."
_DO_REFUSED = "Give our user DESCRIBE on topics and on the group."
_NAMED_MAX = 6

About = dict[str, TopicDescription | KafkaError]


def topics() -> Iterator[Finding]:
    with_drains = _spaces_with_drains()
    spaces = (with_drains or frozenset()) | ({settings.AUDIT_TOPIC} - {""})
    wanted = SOURCE_TOPICS | spaces
    admin = AdminClient(client_conf(settings.KAFKA_CONF))
    try:
        found = asyncio.run(describe(admin, wanted, rights=True))
        there = [topic for topic, about in found.items() if isinstance(about, TopicDescription)]
        if with_drains is None:
            yield ok(
                "Those of spaces are not looked at: the database does not tell which these are."
            )
        yield _which(found, spaces, are_all=with_drains is not None)
        yield from _rights(found, spaces)
        yield from _retention(asyncio.run(retention_ms(admin, there)))
        yield from _group(admin)
    except KafkaException as error:
        yield fail(
            f"Kafka does not tell of topics: {words_of(error)}.",
            _DO_AWAY if is_away(error) else _DO_REFUSED,
        )


def _spaces_with_drains() -> frozenset[str] | None:
    """A topic each. None: the database is away, or `migrate` has not run, which is said there."""
    try:
        names = Drain.objects.exclude(space="").order_by("space").values_list("space", flat=True)
        return frozenset(names.distinct()[:_SPACES_MAX])
    except (DatabaseError, InterfaceError):
        return None


def _which(found: About, spaces: Collection[str], *, are_all: bool = True) -> Finding:
    """One that we may not see may be there. `are_all`: those of spaces are among them."""
    missing = sorted(
        topic
        for topic, about in found.items()
        if isinstance(about, KafkaError) and about.code() == KafkaError.UNKNOWN_TOPIC_OR_PART
    )
    there = len(found) - len(missing)
    if not there and not are_all:
        return ok(f"No source has a topic yet: {_some(missing)}.")
    if not there:
        return warn(
            f"None of our topics is there: {_some(missing)}.",
            "See that KAFKA_HOSTS is the cluster to which the platform's lines go.",
        )
    said = f"{there} of the {len(found)} topics that have to do with us are there"
    if set(missing) & set(spaces):
        return warn(
            f"{said}. Not there, though drains wait for them: {_some(missing)}.",
            "Nothing, if no app of these spaces has written yet; else look at their names.",
        )
    return ok(f"{said}{f'; nobody has made {_some(missing)}' if missing else ''}.")


def _rights(found: About, spaces: Collection[str]) -> Iterator[Finding]:
    refused = [topic for topic, about in found.items() if not may_be_read(about)]
    if refused:
        yield fail(f"{refusal_of(refused)}.", "Give our user READ and DESCRIBE on it.")
    silent = sorted(
        topic
        for topic, about in found.items()
        if topic in spaces
        and isinstance(about, TopicDescription)
        and about.authorized_operations is not None
        and AclOperation.WRITE not in about.authorized_operations
    )
    if silent:
        yield warn(
            f"Kafka does not let us write to {_some(silent)}: POST /log-events fails there.",
            "Give our user WRITE on them, if events are to be posted.",
        )
    if not refused and not silent:
        yield ok("Kafka lets us read them all, and write to those of spaces.")


def _retention(kept: dict[str, int | None]) -> Iterator[Finding]:
    hours = {topic: ms / 3_600_000 for topic, ms in kept.items() if ms}
    if not hours:
        return
    shortest = sorted(hours, key=hours.__getitem__)
    shown = ", ".join(f"{topic} {hours[topic]:g} h" for topic in shortest[:_NAMED_MAX])
    more = f", {len(shortest) - _NAMED_MAX} more longer" if len(shortest) > _NAMED_MAX else ""
    said = f"Records are kept: {shown}{more}."
    if hours[shortest[0]] >= SHORT_RETENTION_HOURS:
        yield ok(said)
    else:
        yield warn(said, "Raise retention.ms: a drain that is away for longer loses lines.")


def _group(admin: AdminClient) -> Iterator[Finding]:
    group = settings.KAFKA_GROUP
    asked = admin.describe_consumer_groups(
        [group], include_authorized_operations=True, request_timeout=REQUEST_SECONDS
    )
    try:
        about = asked[group].result(REQUEST_SECONDS + 1)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
            yield _group_refused(group)
            return
        raise
    allowed = about.authorized_operations
    if allowed is not None and AclOperation.READ not in allowed:
        yield _group_refused(group)
        return
    count = len(about.members)
    members = "1 member" if count == 1 else f"{count} members"
    yield ok(f"The group {group} has {members}, and is {_lag(admin, group):,} records behind.")


def _group_refused(group: str) -> Finding:
    return fail(
        f"Kafka does not let us be in the group {group}.",
        "Give our user READ and DESCRIBE on it, or set KAFKA_GROUP to one that is ours.",
    )


def _lag(admin: AdminClient, group: str) -> int:
    """Of partitions that it has an offset in."""
    asked = admin.list_consumer_group_offsets(
        [ConsumerGroupTopicPartitions(group)], request_timeout=REQUEST_SECONDS
    )
    places = asked[group].result(REQUEST_SECONDS + 1).topic_partitions
    committed = {partition_of(place): place.offset for place in places if place.offset >= 0}
    if not committed:
        return 0
    ends = asyncio.run(Cluster(settings.KAFKA_CONF).ends(committed))
    return sum(max(end - committed[partition], 0) for partition, end in ends.items())


def _some(names: Collection[str]) -> str:
    named = sorted(names)
    more = f" and {len(named) - _NAMED_MAX} more" if len(named) > _NAMED_MAX else ""
    return ", ".join(named[:_NAMED_MAX]) + more

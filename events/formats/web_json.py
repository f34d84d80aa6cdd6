"""JSON among router text: some build shuttles write their lines to the routers' topic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from confluent_kafka import Message

from events.formats.access import AccessEntry, AccessFormat
from events.formats.build import BuildEvent, BuildFormat
from events.formats.entries import EntryFormat
from events.formats.malformed import Malformed, MalformedError
from events.formats.repairs import object_of, values_of
from events.kafka.records import TopicPartition
from events.lines import Origin

_BEGINS = b"{", b"["


def begins_like_json(value: bytes) -> bool:
    """No pair of a router does."""
    return value.lstrip()[:1] in _BEGINS


class JsonAmongText:
    """An entry is read as what it is: build lines have metadata, all else is of an access log."""

    def __init__(self, topic: str) -> None:
        self._build = BuildFormat(topic)
        self._access = AccessFormat(topic)

    def lines_of(
        self, partition: TopicPartition, message: Message, malformed: Malformed
    ) -> Iterator[tuple[Origin, str]]:
        """Of one record."""
        try:
            for value in values_of(message.value()):
                try:
                    fields = object_of(value)
                    yield self._format_of(fields).line_of(fields, malformed)
                except MalformedError as error:
                    malformed.add(partition, message, error.reason)
        except MalformedError as error:
            malformed.add(partition, message, error.reason)

    def _format_of(
        self, fields: dict[str, Any]
    ) -> EntryFormat[BuildEvent] | EntryFormat[AccessEntry]:
        return self._build if "metadata" in fields else self._access

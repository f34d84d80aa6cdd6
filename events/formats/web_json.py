"""JSON among router text: some build shuttles write their lines to the routers' topic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from confluent_kafka import Message

from events.formats.access import AccessFormat
from events.formats.build import BuildFormat
from events.formats.json_records import made_of
from events.formats.malformed import Malformed
from events.kafka.records import TopicPartition
from events.kept import Room
from events.lines import Origin

_BEGINS = b"{", b"["


def begins_like_json(value: bytes) -> bool:
    """No pair of a router does."""
    return value.lstrip()[:1] in _BEGINS


class JsonAmongText:
    """An entry is read as what it is: build lines have metadata, all else is of an access log."""

    def __init__(self, topic: str, room: Room) -> None:
        self._build = BuildFormat(topic, room)
        self._access = AccessFormat(topic, room)

    def lines_of(
        self, partition: TopicPartition, message: Message, malformed: Malformed
    ) -> Iterator[tuple[Origin, str]]:
        """Of one record."""
        return made_of(partition, message, malformed, self._line_of)

    def _line_of(self, fields: dict[str, Any], malformed: Malformed) -> tuple[Origin, str]:
        entries = self._build if "metadata" in fields else self._access
        return entries.line_of(fields, malformed)

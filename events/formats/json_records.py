"""Typed JSON for every format: strict and fast, then once more with repairs.

msgspec refuses what Go's decoder let pass: bytes that are no UTF-8, lone surrogates, a field
nobody needs with another type. Such a record is repaired off the fast path and read again
(`repairs.py`); only what is still refused then is malformed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from confluent_kafka import Message

from events.formats.malformed import Malformed, MalformedError
from events.formats.repairs import REFUSED, object_of, values_of
from events.kafka.records import PartitionRecords, TopicPartition

Event = TypeVar("Event", bound=msgspec.Struct)
Made = TypeVar("Made")

Lenient = Callable[[dict[str, Any], Malformed], Event]
"""Makes the event from a JSON object whose fields have other types or names than declared. Raises
MalformedError when one that is needed cannot be used."""


class JsonRecords(Generic[Event]):
    """Reads the values of records as `event_type`."""

    def __init__(self, event_type: type[Event], lenient: Lenient[Event]) -> None:
        self._decode = msgspec.json.Decoder(event_type).decode
        self.lenient = lenient

    def events_of(
        self, records: PartitionRecords, malformed: Malformed
    ) -> tuple[list[Event], Sequence[Message]]:
        """The events, and the record of each: one that holds several is there as often. Malformed
        ones are counted, and in neither."""
        events: list[Event] = []
        messages: list[Message] = []
        remaining = iter(records.values)
        begin = 0
        while True:
            try:
                events.extend(map(self._decode, remaining))  # type: ignore[arg-type]
            except REFUSED:
                # `extend` kept what came before the refused value and `remaining` is past it.
                refused = begin + len(events) - len(messages)
                message = records.messages[refused]
                more = self.read_again(records.partition, message, malformed)
                messages += [*records.messages[begin:refused], *[message] * len(more)]
                events += more
                begin = refused + 1
            else:
                break
        if not begin:
            return events, records.messages
        return events, [*messages, *records.messages[begin:]]

    def read_again(
        self, partition: TopicPartition, message: Message, malformed: Malformed
    ) -> list[Event]:
        """The events of one record, with repairs. Malformed ones are counted, and left out."""
        return list(made_of(partition, message, malformed, self.lenient))

    def complete(
        self,
        lacks: Callable[[Event], bool],
        events: Sequence[Event],
        messages: Sequence[Message],
        partition: TopicPartition,
        malformed: Malformed,
    ) -> tuple[list[Event], list[Message]]:
        """As from `events_of`, but those that lack what makes a line are read once more, by the
        other names that it may have."""
        completed: list[Event] = []
        kept: list[Message] = []
        for event, message in zip(events, messages, strict=True):
            found = [event]
            if lacks(event):
                found = self.read_again(partition, message, malformed)
            completed += found
            kept += [message] * len(found)
        return completed, kept


def made_of(
    partition: TopicPartition,
    message: Message,
    malformed: Malformed,
    make: Callable[[dict[str, Any], Malformed], Made],
) -> Iterator[Made]:
    """Of each JSON object in one record, read with repairs. What is malformed, by the word of
    `make` too, is counted and left out."""
    try:
        for value in values_of(message.value()):
            try:
                yield make(object_of(value), malformed)
            except MalformedError as error:
                malformed.add(partition, message, error.reason)
    except MalformedError as error:
        malformed.add(partition, message, error.reason)


def text_or_none(value: object) -> str | None:
    """A field that is only used where it is text."""
    return value if isinstance(value, str) else None

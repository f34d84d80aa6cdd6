"""Typed JSON for every format: strict and fast, then once more with repairs.

msgspec refuses what Go's decoder let pass: bytes that are no UTF-8, lone surrogates, a field
nobody needs with another type. Such a record is repaired off the fast path and read again;
only what is still refused then is malformed.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from confluent_kafka import Message

from events.formats.malformed import Malformed, MalformedError
from events.kafka.records import PartitionRecords

Event = TypeVar("Event", bound=msgspec.Struct)

_REFUSED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TypeError)

# A backslash escape: a surrogate pair, a single surrogate, or any other (kept as it is).
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


class JsonRecords(Generic[Event]):
    """Reads the values of records as `event_type`.

    `lenient(fields)` makes the event from a JSON object whose fields have other types than
    declared; it raises MalformedError when one that is needed cannot be used.
    """

    def __init__(self, event_type: type[Event], lenient: Callable[[dict[str, Any]], Event]) -> None:
        self._decode = msgspec.json.Decoder(event_type).decode
        self._lenient = lenient

    def events_of(
        self, records: PartitionRecords, malformed: Malformed
    ) -> tuple[list[Event], Sequence[Message]]:
        """The events, and the record of each. Malformed ones are counted, and in neither."""
        events: list[Event] = []
        bad: set[int] = set()
        values = records.values
        remaining = iter(values)
        while True:
            try:
                events.extend(map(self._decode, remaining))  # type: ignore[arg-type]
            except _REFUSED:
                # `extend` kept what came before the refused value and `remaining` is past it.
                refused = len(events) + len(bad)
                try:
                    events.append(self._lenient(_object_of(values[refused])))
                except MalformedError as error:
                    malformed.add(records.partition, records.messages[refused], error.reason)
                    bad.add(refused)
            else:
                break
        if not bad:
            return events, records.messages
        return events, [m for index, m in enumerate(records.messages) if index not in bad]


def _object_of(value: bytes | None) -> dict[str, Any]:
    if not value:
        raise MalformedError("empty")
    try:
        fields = msgspec.json.decode(_repair(value))
    except _REFUSED:
        raise MalformedError("not_json") from None
    if not isinstance(fields, dict):
        raise MalformedError("not_an_object")
    return fields


def _repair(value: bytes) -> str:
    text = value.decode("utf-8", "replace_each_byte")
    return _ESCAPE.sub(lambda found: r"\ufffd" if found["lone"] else found[0], text)


def text_or_none(value: object) -> str | None:
    """A field that is only used where it is text."""
    return value if isinstance(value, str) else None


def _replace_each_byte(error: UnicodeError) -> tuple[str, int]:
    # Python's "replace" writes one U+FFFD for a cut sequence; Go wrote one a byte.
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\ufffd" * (error.end - error.start), error.end


codecs.register_error("replace_each_byte", _replace_each_byte)

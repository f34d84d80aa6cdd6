"""Entries that are taken apart no deeper than needed, and written by code made for their types.

A twin of a protobuf type has the same fields with the same numbers, but what is a message in it
stays bytes: to make Python objects of those is most of the cost of reading an entry, many are the
same from entry to entry, and a duration is quicker read from its bytes. A field of a twin that is
not set says so by its default, at a third of what `ListFields` costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from math import copysign
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration

from events.als.protojson import Write, fraction, json_of, writer_of_field, writer_of_type

_Field = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "logshuttle.shallow"
_UNSET = b"\xff"  # no message begins with that
_FLOATS = (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT)


TEXTS_KEPT = 4096
KEPT_BYTES = 256
"""Of a message whose text is kept."""
_TAG_OF_NANOS = 16


class Shallow:
    """A type, and with it those types of its file that it has fields of. To be made once."""

    def __init__(self, top: Descriptor) -> None:
        self._top = top
        self._opened = {top.full_name: top}
        for field in top.fields:
            kind = field.message_type
            if kind is not None and kind.file.name == top.file.name:
                self._opened[kind.full_name] = kind
        self.read: Callable[[bytes], Any] = self._twin().FromString
        """Gives the twin. Raises DecodeError."""
        self._read_whole = message_factory.GetMessageClass(top).FromString
        self._write = self._writer(top)

    def json_of(self, twin: Any, data: bytes) -> str:
        """What events.als.protojson.json_of has of the message itself, which came as `data`.

        Raises DecodeError when bytes in it are no message, as far as they are looked at.
        """
        if twin.ByteSize() != len(data):  # a message came in pieces, of which a twin has the last
            return json_of(self._read_whole(data))
        return self._write(twin)

    def _twin(self) -> Any:
        top = self._top.file
        file = descriptor_pb2.FileDescriptorProto(
            name=f"{_PACKAGE}/{self._top.name}.proto",
            package=_PACKAGE,
            syntax="editions",
            edition=descriptor_pb2.EDITION_2023,  # texts as in proto3, defaults as in proto2
            dependency=[top.name, *(needed.name for needed in top.dependencies)],
        )
        for kind in self._opened.values():
            twin = file.message_type.add()
            kind.CopyToProto(twin)
            for field in twin.field:
                self._make_shallow(field, twin.name)
        pool = descriptor_pool.Default()
        pool.AddSerializedFile(file.SerializeToString())
        found = pool.FindMessageTypeByName(f"{_PACKAGE}.{self._top.name}")
        return message_factory.GetMessageClass(found)

    def _make_shallow(self, field: Any, twin: str) -> None:
        field.ClearField("proto3_optional")
        outer, _, name = field.type_name[1:].rpartition(".")
        if field.type_name[1:] in self._opened:
            field.type_name = f".{_PACKAGE}.{name}"
        elif outer in self._opened:  # an enum, or the pairs of a map
            field.type_name = f".{_PACKAGE}.{twin}.{name}"
        elif field.type == _Field.TYPE_MESSAGE and field.label != _Field.LABEL_REPEATED:
            field.type, field.default_value = _Field.TYPE_BYTES, "\\377"
            field.ClearField("type_name")

    def _writer(self, kind: Descriptor) -> Write:
        """A function that asks for one field after the other."""
        names: dict[str, Any] = {"UNSET": _UNSET, "copysign": copysign}
        lines = ["def write(message):", "    parts = []"]
        for field in sorted(kind.fields, key=lambda field: field.number):
            names[f"write_{field.name}"] = self._writer_of_field(field)
            lines += self._lines(field)
        lines.append("    return '{' + ','.join(parts) + '}'")
        exec("\n".join(lines), names)  # noqa: S102 - of names in protocol files alone
        made: Write = names["write"]
        return made

    def _lines(self, field: FieldDescriptor) -> Iterator[str]:
        yield f"    value = message.{field.name}"
        yield f"    if {self._is_set(field)}:"
        yield f"        parts.append('\"{field.name}\":' + write_{field.name}(value))"

    def _is_set(self, field: FieldDescriptor) -> str:
        """As ListFields has it: a number that is 0 is not, unless it has presence."""
        kind = field.message_type
        if field.is_repeated:
            return "value"
        if kind is not None and kind.full_name not in self._opened:
            return "value != UNSET"
        if field.has_presence:
            return f"message.HasField('{field.name}')"
        return "value or copysign(1, value) < 0" if field.type in _FLOATS else "value"

    def _writer_of_field(self, field: FieldDescriptor) -> Write:
        kind = field.message_type
        if kind is None or field.is_repeated:
            return writer_of_field(field)
        return self._writer(kind) if kind.full_name in self._opened else writer_of_bytes(kind)


@cache
def writer_of_bytes(kind: Descriptor) -> Write:
    """For a message that is still bytes. Addresses and TLS properties are those of a few peers."""
    read, write = message_factory.GetMessageClass(kind).FromString, writer_of_type(kind)
    if kind.full_name == "google.protobuf.Duration":
        return _duration_of_bytes
    if kind.full_name == "google.protobuf.Timestamp":
        return lambda data: write(read(data))
    return Texts(lambda data: write(read(data))).__getitem__


class Texts(dict[bytes, str]):
    """Texts of messages by their bytes, while both are short."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def __missing__(self, data: bytes) -> str:
        text = self._write(data)
        if len(data) <= KEPT_BYTES:
            if len(self) >= TEXTS_KEPT:
                self.clear()
            self[data] = text
        return text


def _duration_of_bytes(data: bytes) -> str:
    """Most are a number of nanoseconds alone, of three or four bytes: 16 µs to 268 ms."""
    if len(data) == 5:
        tag, first, second, third, last = data
        if tag == _TAG_OF_NANOS and first & second & third > 127 >= last:
            nanos = first + (second << 7) + (third << 14) + (last << 21) - 2_113_664
            return f'"0{fraction(nanos)}s"'
    elif len(data) == 4:
        tag, first, second, last = data
        if tag == _TAG_OF_NANOS and first & second > 127 >= last:
            nanos = first + (second << 7) + (last << 14) - 16_512
            return f'"0{fraction(nanos)}s"'
    return json_of(Duration.FromString(data))

"""Our JSON of protobuf, held against Google's own."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import pytest
from envoy.data.accesslog.v3.accesslog_pb2 import HTTPAccessLogEntry
from google.protobuf import any_pb2, duration_pb2, struct_pb2, timestamp_pb2, wrappers_pb2
from google.protobuf.descriptor import FieldDescriptor as Field
from google.protobuf.json_format import MessageToDict, MessageToJson
from hypothesis import example, given
from hypothesis import strategies as st

from events.als.protojson import json_of

DEPTH = 4
NUMBERS = {
    Field.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    Field.CPPTYPE_UINT32: st.integers(0, 2**32 - 1),
    Field.CPPTYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    Field.CPPTYPE_UINT64: st.integers(0, 2**64 - 1),
    Field.CPPTYPE_DOUBLE: st.floats(allow_nan=False),
    Field.CPPTYPE_FLOAT: st.floats(width=32, allow_nan=False),
    Field.CPPTYPE_BOOL: st.booleans(),
}


def scalars(field: Any) -> st.SearchStrategy[Any]:
    if field.enum_type is not None:
        return st.sampled_from([*field.enum_type.values_by_number, 999])
    if field.type == Field.TYPE_BYTES:
        return st.binary(max_size=8)
    if field.type == Field.TYPE_STRING:
        return st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    return NUMBERS[field.cpp_type]


def fill(message: Any, draw: Any, depth: int = 0) -> None:
    """Sets any of its fields to anything that both can write."""
    kind = message.DESCRIPTOR.full_name
    if kind == "google.protobuf.Duration":
        message.FromNanoseconds(draw(st.integers(-(10**15), 10**15)))
    elif kind == "google.protobuf.Timestamp":
        message.FromNanoseconds(draw(st.integers(-(10**18), 10**19)))
    elif kind == "google.protobuf.Value":
        message.number_value = draw(st.floats(allow_nan=False, allow_infinity=False))
    elif kind != "google.protobuf.Any" and depth < DEPTH:
        for field in message.DESCRIPTOR.fields:
            if draw(st.booleans()):
                fill_field(message, field, draw, depth)


def fill_field(message: Any, field: Any, draw: Any, depth: int) -> None:
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        value_field, values = kind.fields_by_name["value"], getattr(message, field.name)
        for key in draw(st.sets(st.text("ab é", max_size=3), max_size=2)):
            if value_field.message_type is None:
                values[key] = draw(scalars(value_field))
            else:
                fill(values[key], draw, depth + 1)
    elif field.is_repeated and kind is None:
        getattr(message, field.name).extend(draw(st.lists(scalars(field), max_size=2)))
    elif field.is_repeated:
        fill(getattr(message, field.name).add(), draw, depth + 1)
    elif kind is None:
        setattr(message, field.name, draw(scalars(field)))
    else:
        getattr(message, field.name).SetInParent()
        fill(getattr(message, field.name), draw, depth + 1)


@given(st.data())
def test_it_writes_what_googles_own_writes(data: st.DataObject) -> None:
    entry = HTTPAccessLogEntry()
    fill(entry, data.draw)

    assert json_of(entry) == MessageToDict(entry, preserving_proto_field_name=True)
    theirs = MessageToJson(entry, preserving_proto_field_name=True)
    assert json.loads(msgspec.json.encode(json_of(entry))) == json.loads(theirs)


@given(st.floats(width=32))
@example(1.1119884391064261e-07)
def test_short_numbers_are_those_of_googles_own(number: float) -> None:
    value = wrappers_pb2.FloatValue(value=number)

    assert json_of(value) == MessageToDict(value)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 0.0, -0.0, 1e300, 0.1])
def test_numbers_that_json_has_no_word_for_have_names(number: float) -> None:
    value = wrappers_pb2.DoubleValue(value=number)

    assert json_of(value) == MessageToDict(value)


def test_a_struct_keeps_its_shape() -> None:
    value = struct_pb2.Struct()
    value.update({"a": [1, "x", None, True, {"b": {}}], "c": -1.5})

    assert json_of(value) == {"a": [1.0, "x", None, True, {"b": {}}], "c": -1.5}


def test_what_googles_own_refuses_costs_no_message() -> None:
    strange = struct_pb2.Struct()
    strange.fields["n"].number_value = math.nan
    strange.fields["unset"].SetInParent()

    assert json_of(strange) == {"n": "NaN", "unset": None}
    unknown = any_pb2.Any(type_url="type.googleapis.com/no.such.Type", value=b"\1")
    assert json_of(unknown) == {
        "@type": "type.googleapis.com/no.such.Type",
        "value": "AQ==",
    }
    assert json_of(any_pb2.Any()) == {}
    assert json_of(timestamp_pb2.Timestamp(seconds=2**60)) == ""
    assert json_of(timestamp_pb2.Timestamp(nanos=-1)) == ""
    assert json_of(duration_pb2.Duration(seconds=1, nanos=-500_000_000)) == "0.500s"

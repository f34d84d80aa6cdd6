"""Our JSON of protobuf, held against Google's own."""

from __future__ import annotations

import json
import math
from itertools import count
from typing import Any

import msgspec
import pytest
from envoy.data.accesslog.v3.accesslog_pb2 import HTTPAccessLogEntry
from google.protobuf import any_pb2, duration_pb2, struct_pb2, timestamp_pb2, wrappers_pb2
from google.protobuf.descriptor import FieldDescriptor as Field
from google.protobuf.json_format import MessageToDict, MessageToJson
from google.protobuf.message import DecodeError
from hypothesis import example, given
from hypothesis import strategies as st

from events.als import shallow
from events.als.messages import ENTRY
from events.als.protojson import json_of
from events.als.shallow import writer_of_bytes

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


def googles(message: Any) -> str:
    fields = MessageToDict(message, preserving_proto_field_name=True)
    return msgspec.json.encode(fields).decode()


def shallow_json_of(data: bytes) -> str:
    return ENTRY.json_of(ENTRY.read(data), data)


@given(st.data())
def test_it_writes_what_googles_own_writes(data: st.DataObject) -> None:
    entry = HTTPAccessLogEntry()
    fill(entry, data.draw)
    sent = entry.SerializeToString()
    received = HTTPAccessLogEntry.FromString(sent)  # a map may have another order now

    assert json_of(received) == shallow_json_of(sent) == googles(received)
    theirs = MessageToJson(received, preserving_proto_field_name=True)
    assert json.loads(json_of(received)) == json.loads(theirs)


NANOS = st.one_of(
    st.integers(1 - 10**9, 10**9 - 1),
    st.sampled_from([n + d for n in (2**7, 2**14, 2**21, 2**28, 10**6) for d in (-1, 0, 1)]),
)


@given(st.integers(-3, 300), NANOS)
def test_durations_are_read_from_their_bytes(seconds: int, nanos: int) -> None:
    duration = duration_pb2.Duration(seconds=seconds, nanos=nanos)

    written = writer_of_bytes(duration.DESCRIPTOR)(duration.SerializeToString())

    assert written == json_of(duration)
    if seconds * nanos >= 0:
        assert written == googles(duration)


@given(st.binary(max_size=6))
def test_bytes_that_are_a_duration_are_read_as_protobuf_does(data: bytes) -> None:
    write = writer_of_bytes(duration_pb2.Duration.DESCRIPTOR)
    data = b"\x10" + data
    try:
        theirs = duration_pb2.Duration.FromString(data)
    except DecodeError:
        with pytest.raises(DecodeError):
            write(data)
    else:
        assert write(data) == json_of(theirs)


def test_messages_in_pieces_are_put_together() -> None:
    first, second = HTTPAccessLogEntry(), HTTPAccessLogEntry()
    first.common_properties.start_time.seconds = 1
    first.common_properties.tls_properties.tls_sni_hostname = "a.example"
    second.common_properties.start_time.nanos = 2
    second.common_properties.tls_properties.ja3_fingerprint = "f"
    sent = first.SerializeToString() + second.SerializeToString()

    assert shallow_json_of(sent) == googles(HTTPAccessLogEntry.FromString(sent))


def test_set_and_empty_is_not_unset_and_zero_has_a_sign() -> None:
    entry = HTTPAccessLogEntry()
    common = entry.common_properties
    for field in ("time_to_last_rx_byte", "downstream_remote_address", "start_time"):
        getattr(common, field).SetInParent()
    entry.response.response_code.value = 0
    common.sample_rate = -0.0

    written = shallow_json_of(entry.SerializeToString())

    assert written == googles(entry)
    assert '"sample_rate":-0.0,"downstream_remote_address":{}' in written


def test_texts_that_are_kept_are_few_and_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shallow, "TEXTS_KEPT", 3)
    numbers = count(1)
    texts = shallow.Texts(lambda _: str(next(numbers)))
    long = b"x" * (shallow.KEPT_BYTES + 1)

    assert [texts[data] for data in (long, long, b"a", b"a")] == ["1", "2", "3", "3"]
    for data in (b"b", b"c", b"d", b"a"):
        texts[data]
    assert len(texts) == 2


@given(st.floats(width=32))
@example(1.1119884391064261e-07)
def test_short_numbers_are_those_of_googles_own(number: float) -> None:
    value = wrappers_pb2.FloatValue(value=number)

    assert json_of(value) == googles(value)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 0.0, -0.0, 1e300, 0.1])
def test_numbers_that_json_has_no_word_for_have_names(number: float) -> None:
    value = wrappers_pb2.DoubleValue(value=number)

    assert json_of(value) == googles(value)


def test_a_struct_keeps_its_shape() -> None:
    value = struct_pb2.Struct()
    value.update({"a": [1, "x", None, True, {"b": {}}], "c": -1.5})

    assert json.loads(json_of(value)) == {"a": [1.0, "x", None, True, {"b": {}}], "c": -1.5}


def test_what_googles_own_refuses_costs_no_message() -> None:
    strange = struct_pb2.Struct()
    strange.fields["n"].number_value = math.nan
    strange.fields["unset"].SetInParent()

    assert json.loads(json_of(strange)) == {"n": "NaN", "unset": None}
    unknown = any_pb2.Any(type_url="type.googleapis.com/no.such.Type", value=b"\1")
    assert json.loads(json_of(unknown)) == {
        "@type": "type.googleapis.com/no.such.Type",
        "value": "AQ==",
    }
    assert json_of(any_pb2.Any()) == "{}"
    assert json_of(timestamp_pb2.Timestamp(seconds=2**60)) == '""'
    assert json_of(timestamp_pb2.Timestamp(nanos=-1)) == '""'
    assert json_of(duration_pb2.Duration(seconds=1, nanos=-500_000_000)) == '"0.500s"'

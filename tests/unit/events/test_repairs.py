"""What strict JSON refuses is repaired; what holds several events is taken apart."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.formats.decode import Decoder
from events.formats.malformed import MalformedError
from events.formats.repairs import EVENTS_MAX, object_of, values_of
from events.lines import LogLine
from tests.support.golden import GoldenCase, golden_cases
from tests.support.records import kubernetes_event, records_of
from tests.unit.events.test_sources import TOPICS


def objects_in(value: bytes | None) -> list[dict[str, Any]]:
    return [object_of(one) for one in values_of(value)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b'{"a": nan}', [{"a": None}]),
        (b'{"a": [NaN, -Infinity, inf, -nan, +INF, Infinity]}', [{"a": [None] * 6}]),
        (b'{"nan": "nan, inf", "b": nan}', [{"nan": "nan, inf", "b": None}]),
        (b'{"a": "\\"nan", "b": nan}', [{"a": '"nan', "b": None}]),
        (b'{"a": 1e400}', [{"a": float("inf")}]),
        (b"\xef\xbb\xbf{}", [{}]),
        (b'\xef\xbb\xbf{"a": nan}', [{"a": None}]),
        (b'{"a": "x\x01\ny"}', [{"a": "x\x01\ny"}]),
        (b'{"a": "\xff\xfe"}', [{"a": "\ufffd\ufffd"}]),
        (b'{"a": "\xe4\xb8x\xed\xa0\x80\xc3\xa9"}', [{"a": "\ufffd\ufffdx\ufffd\ufffd\ufffdé"}]),
        (b'{"a": "\\ud800"}', [{"a": "\ufffd"}]),
        (
            rb'{"a": "\udc00\ud83d\ud83d\ude00\\ud800\n\uDFFF"}',
            [{"a": "\ufffd\ufffd😀\\ud800\n\ufffd"}],
        ),
        (b'{"a": 1}{"a": 2}', [{"a": 1}, {"a": 2}]),
        (b'{"a": 1}\r\n\r\n{"a": 2}\n', [{"a": 1}, {"a": 2}]),
        (b'\x1e{"a": 1}\n\x1e{"a": nan}\n', [{"a": 1}, {"a": None}]),
        (b'{"a": 1}\0\0', [{"a": 1}]),
        (b'[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}]),
        (b'[{"a": 1}]\n[{"a": nan}]', [{"a": 1}, {"a": None}]),
    ],
)
def test_what_can_be_read_is_read(value: bytes, expected: list[Any]) -> None:
    assert values_of(value) == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"[]", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"nonsense", "not_json"),
        (b"nanny", "not_json"),
        (b'{"a": nan', "not_json"),
        (b'{"a": "open', "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"nan", "not_an_object"),
        (b"[1, 2, 3]", "not_an_object"),
        (b"1 2 3", "not_an_object"),
        (b"[[{}]]", "not_an_object"),
        (b"{}" * (EVENTS_MAX + 1), "too_many_events"),
        (b"[" + b"{}," * EVENTS_MAX + b"{}]", "too_many_events"),
    ],
)
def test_what_cannot_says_why(value: bytes | None, reason: str) -> None:
    with pytest.raises(MalformedError, match=reason):
        objects_in(value)


def test_a_thousand_events_are_taken() -> None:
    assert len(values_of(b"{}\n" * EVENTS_MAX)) == EVENTS_MAX


@pytest.mark.parametrize("joint", [b"", b"\n", b" "])
def test_events_of_one_record_stay_in_order_among_others(joint: bytes) -> None:
    packed = joint.join(kubernetes_event(text) for text in ("b", "c", "d"))
    array = b"[" + b",".join(kubernetes_event(text) for text in ("f", "g")) + b"]"
    decoder = Decoder()

    lines = decoder.lines_of(
        records_of([kubernetes_event("a"), packed, kubernetes_event("e"), array])
    )

    assert "".join(line.text for line in lines) == "abcdefg"
    assert not decoder.malformed.counts


def test_an_event_of_several_that_is_malformed_costs_only_itself() -> None:
    bad = b'{"log": "x"}'
    packed = kubernetes_event("a") + bad + kubernetes_event("b") + b"7" + b'{"log": "cut'
    decoder = Decoder()

    lines = decoder.lines_of(records_of([packed], begin=7))

    assert [line.text for line in lines] == ["a", "b"]
    assert decoder.malformed.counts == {"no_container": 1, "not_an_object": 1, "not_json": 1}
    assert {sample.offset for sample in decoder.malformed.samples} == {7}


def test_each_event_takes_the_time_of_its_own_record() -> None:
    untimed = json.dumps({"log": "x", "kubernetes": {"container_name": "gold"}}).encode()
    old = records_of([untimed * 2], timestamp_ms=1_600_000_000_000).messages
    new = records_of([untimed * 3], begin=1, timestamp_ms=1_700_000_000_000).messages
    records = records_of([b"", b""])
    records.messages = [*old, *new]

    lines = Decoder().lines_of(records)

    assert [line.time[:4] for line in lines] == ["2020", "2020", "2023", "2023", "2023"]


_odd = st.sampled_from(
    [b'"', b"\\", b"nan", b"{", b"}", b"[", b"]", b",", b":", b"a", b"\xff", b" "]
)


@given(parts=st.lists(_odd, max_size=40))
def test_whatever_it_is_it_ends_with_values_or_a_reason(parts: list[bytes]) -> None:
    with contextlib.suppress(MalformedError):
        assert objects_in(b"".join(parts))


@pytest.mark.parametrize(
    "value",
    [
        b'{"a": nan, "b": "' + b'\\"' * 500_000,
        b'{"a": nan, ' + b'"\\' * 300_000,
        b"nan " * 250_000,
        b'{"a": "' * 150_000,
    ],
)
def test_no_record_takes_long(value: bytes) -> None:
    began = time.process_time()
    with pytest.raises(MalformedError):
        values_of(value)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "text",
    [b"\xff", b"\\n", rb"\ud800a", rb"\\ud800", b"\xe4\xb8a"],
    ids=["bytes", "escapes", "halves", "backslashes", "cut"],
)
def test_what_is_repaired_costs_no_call_a_byte(text: bytes) -> None:
    """A megabyte of it, in the event loop: no time but calls of Python are counted."""
    value = b'{"a": "' + text * (1_000_000 // len(text)) + b'\xff\\ud800"}'
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        values_of(value)
    finally:
        sys.setprofile(None)
    assert calls < 200


JSON_CASES = [
    pytest.param(topic, case, id=f"{source}/{case}")
    for source, topic in {**TOPICS, "kubernetes": "gs"}.items()
    for case in golden_cases(source)
    if source != "web"
]


@pytest.mark.parametrize(("topic", "case"), JSON_CASES)
def test_what_needs_a_repair_is_read_as_what_needs_none(topic: str, case: GoldenCase) -> None:
    plain, repaired = Decoder(), Decoder()

    lines = plain.lines_of(records_of([case.value], topic))
    again = repaired.lines_of(records_of([b"\xef\xbb\xbf" + case.value], topic))

    assert [_told(line) for line in again] == [_told(line) for line in lines]
    assert repaired.malformed.counts == plain.malformed.counts


def _told(line: LogLine) -> tuple[object, ...]:
    return line.origin.key, line.origin.tag, line.time, line.severity, line.text

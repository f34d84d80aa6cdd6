"""Kubernetes lines, held against what the original sent."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drains.delivery.wire.rfc5424 import PRI_AND_VERSION, WireFormat, framed, header_of
from events.formats.decode import Decoder
from events.formats.kubernetes import tag_of
from events.keys import AppKey, app_and_process
from events.lines import LogLine
from tests.support.golden import GoldenCase, golden_cases
from tests.support.records import RECORD_TIME, kubernetes_event, records_of

CASES = golden_cases("kubernetes")
GOLD = AppKey("gold", "gs")

_HEAD = "<14>1 2016-08-24T17:03:20.080151Z gold-gs web.1050769379-6ktnc - - -"

# Where ours differs on purpose, what it sends instead (the case's `ours` says why).
OURS = {
    "trailing-newline": [f"{_HEAD} hello"],
    "time-empty": [f"<14>1 {RECORD_TIME} gold-gs web.1050769379-6ktnc - - - hello"],
    "time-lower-z": [f"<14>1 {RECORD_TIME} gold-gs web.1050769379-6ktnc - - - hello"],
    "phase-terminated-0": [f"{_HEAD} Dyno exited (exit code 0)"],
    "phase-terminated-none": [f"{_HEAD} Dyno exited"],
    "topic-field-other": [f"{_HEAD} spoof"],
    "topic-field-absent": [f"{_HEAD} x"],
    "labels-number-inside": [f"{_HEAD} x"],
    "docker-string": [f"{_HEAD} hello"],
    "tag-number": [f"{_HEAD} hello"],
    "pod-newline": [
        "<14>1 2016-08-24T17:03:20.080151Z gold-gs"
        " web.x<14>12020-01-01T00:00:00Zforgedforged---got - - - hello"
    ],
    "pod-long": [f"<14>1 2016-08-24T17:03:20.080151Z gold-gs web.{'p' * 44} - - - hello"],
    "json-two": [f"{_HEAD} one", f"{_HEAD} two"],
    "log-object": [f'{_HEAD} {{"a":1}}'],
    "raw-control-in-json": [f"{_HEAD} a b"],
}
FREE = {"upper-keys"}  # a wart of the original: ours may do as it likes


def sent_for(value: bytes, wanted: AppKey = GOLD) -> list[str]:
    lines = Decoder().lines_of(records_of([value]))
    records = [record_of(line) for line in lines if line.origin.key == wanted]
    return framed(records, WireFormat()).data.decode().split("\n")[:-1] if records else []


def record_of(line: LogLine) -> str:
    header = header_of(line.origin, WireFormat())
    return f"{PRI_AND_VERSION[line.severity]}{line.time}{header}{line.text}"


@pytest.mark.parametrize("case", [c for c in CASES if c.name not in FREE], ids=str)
def test_a_golden_event_becomes_the_line_that_the_original_sent(case: GoldenCase) -> None:
    expected = OURS[case.name] if case.ours else case.original.get("gs", [])

    assert sent_for(case.value) == expected


def test_every_deviation_is_listed_in_the_golden_cases() -> None:
    assert {case.name for case in CASES if case.ours} == OURS.keys() | FREE


def test_the_topic_field_does_not_route_a_line_to_another_space() -> None:
    spoof = next(case for case in CASES if case.name == "topic-field-other")

    assert sent_for(spoof.value, AppKey("gold", "default")) == []


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"message": "vector's\n", "log": None}, "vector's"),
        ({"log": "a\r\n"}, "a"),
        ({"log": "a\n\n"}, "a "),
        ({"log": "a\r"}, "a "),
        ({"log": "\n"}, ""),
        ({"stream": 5}, "hello"),
        ({"time": 1471712600.5}, "hello"),
    ],
)
def test_other_writers_and_odd_fields_give_a_line(fields: dict[str, object], text: str) -> None:
    value = kubernetes_event(**{"log": "hello", **fields})  # type: ignore[arg-type]

    (line,) = sent_for(value)
    assert line.endswith(f" web.1 - - - {text}")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b"{", "not_json"),
        (b"[1]", "not_an_object"),
        (b'{"log": "x"}', "no_container"),
        (b'{"stream": "stdout", "kubernetes": {"container_name": "gold"}}', "empty"),
        (b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not_json"),
    ],
)
def test_a_malformed_record_is_counted_and_the_rest_is_delivered(
    value: bytes | None, reason: str
) -> None:
    decoder = Decoder()

    lines = decoder.lines_of(
        records_of([kubernetes_event("a"), value, kubernetes_event("b")], begin=7)
    )

    assert [line.text for line in lines] == ["a", "b"]
    assert decoder.malformed.counts == {reason: 1}
    assert decoder.malformed.samples[0][:4] == ("gs", 0, 8, reason)


@given(st.lists(st.binary(max_size=200) | st.text(max_size=50).map(kubernetes_event), max_size=8))
def test_any_bytes_give_a_line_or_a_malformed_record(values: list[bytes]) -> None:
    if values:
        decoder = Decoder()
        for value in values:
            before = decoder.malformed.counts.total()
            lines = decoder.lines_of(records_of([value]))
            assert bool(lines) or decoder.malformed.counts.total() == before + 1


@given(st.text(), st.text(), st.text())
def test_one_event_is_one_record_whatever_its_names(log: str, pod: str, container: str) -> None:
    value = json.dumps(
        {"log": log, "kubernetes": {"pod_name": pod, "container_name": container}}
    ).encode(errors="surrogatepass")
    lines = Decoder().lines_of(records_of([value]))

    data = framed([record_of(line) for line in lines], WireFormat()).data
    assert data.count(b"\n") == len(lines) == (1 if container else 0)


@pytest.mark.parametrize(
    ("container", "pod", "tag"),
    [
        ("gold", "gold-1050769379-6ktnc", "web.1050769379-6ktnc"),
        ("gold--worker", "gold--worker-7d9f8-abcde", "worker.7d9f8-abcde"),
        ("gold", "gold-web-gold-web-1", "web.goldweb-1"),
        ("gold", "akkeris/deploy", "akkeris/deploy"),
    ],
)
def test_a_tag_is_the_type_and_what_the_pod_name_adds(container: str, pod: str, tag: str) -> None:
    assert tag_of(*app_and_process(container), pod) == tag

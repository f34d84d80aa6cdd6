"""From a message of Envoy to what Kafka gets."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from envoy.data.accesslog.v3.accesslog_pb2 import HTTPAccessLogEntry
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from hypothesis import given
from hypothesis import strategies as st

from events.als.messages import NODE_CHARACTERS, IgnoredError, message_of, record_of
from events.als.streams import TOPIC
from events.formats.decode import Decoder
from tests.support.als import VERSIONS, entry, message
from tests.support.golden import GoldenCase, golden_cases
from tests.support.records import records_of


def golden_entry(case: GoldenCase) -> Any:
    """None for a case that is no message of Envoy."""
    try:
        fields = json.loads(case.value)
        return ParseDict(fields, HTTPAccessLogEntry()) if fields["common_properties"] else None
    except (ParseError, ValueError, KeyError, TypeError):
        return None


CASES = [(case, golden_entry(case)) for case in golden_cases("envoy")]
ENTRIES = [(case, made) for case, made in CASES if made is not None]


def test_most_golden_cases_are_messages() -> None:
    assert len(ENTRIES) > 12


@pytest.mark.parametrize(("case", "made"), ENTRIES, ids=lambda value: getattr(value, "name", ""))
def test_the_decoder_makes_the_same_line_of_it_as_of_the_golden_json(
    case: GoldenCase, made: Any
) -> None:
    try:
        written = [record_of(made.SerializeToString()).value]
    except IgnoredError:
        written = []

    theirs = Decoder().lines_of(records_of([case.value], TOPIC))
    ours = Decoder().lines_of(records_of(written, TOPIC)) if written else []
    assert [(str(line.origin.key), line.text) for line in ours] == [
        (str(line.origin.key), line.text) for line in theirs
    ]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("case", "made"), ENTRIES, ids=lambda value: getattr(value, "name", ""))
def test_it_is_googles_json_of_the_entry_in_both_versions(
    version: str, case: GoldenCase, made: Any
) -> None:
    fields = MessageToDict(made, preserving_proto_field_name=True)

    (data,) = message_of(message(fields, version=version)).http_entries

    try:
        assert json.loads(record_of(data).value) == fields
    except IgnoredError:
        assert not case.original


def test_a_message_says_its_node_and_counts_what_is_no_http() -> None:
    assert message_of(message(node="sidecar~10.0.0.1~gold-1.gs", tcp=3)) == (
        "sidecar~10.0.0.1~gold-1.gs",
        [],
        3,
    )
    assert message_of(b"") == ("", [], 0)
    assert len(message_of(message(node="x" * 5000)).node) == NODE_CHARACTERS


def test_an_apps_entries_have_one_key_whatever_the_subset() -> None:
    clusters = ["outbound|80||gold.gs.svc.cluster.local", "outbound|8080|v2|gold.gs.svc;"]
    made = [message(entry(common={"upstream_cluster": cluster})) for cluster in clusters]

    keys = [record_of(message_of(data).http_entries[0]).key for data in made]

    assert keys == [b"gold-gs", b"gold-gs"]


@pytest.mark.parametrize(
    "cluster",
    [
        *("", "PassthroughCluster", "BlackHoleCluster", "inbound|8080||", "agent", "|||"),
        *("outbound|443||api.example.com", "outbound|80||gold.gs.example", "outbound|80||.gs.svc"),
        "outbound|80||gold.gs.svc" + "." * 5_000,
    ],
)
def test_what_is_no_apps_is_ignored(cluster: str) -> None:
    (data,) = message_of(message(entry(common={"upstream_cluster": cluster}))).http_entries

    with pytest.raises(IgnoredError, match="no_app"):
        record_of(data)


def test_an_entry_that_cannot_be_read_costs_itself_alone() -> None:
    good = message(entry(path="/caf\u00e9"))
    bad = good.replace("\u00e9".encode(), b"\xff\xfe")

    first, second = message_of(bad + good).http_entries

    with pytest.raises(IgnoredError, match="unreadable"):
        record_of(first)
    assert json.loads(record_of(second).value)["request"]["path"] == "/café"


@given(st.binary())
def test_no_bytes_break_it(data: bytes) -> None:
    with contextlib.suppress(IgnoredError):
        for one in message_of(data).http_entries:
            record_of(one)

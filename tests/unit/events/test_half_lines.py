"""Half lines of containers are lines, and are counted."""

from __future__ import annotations

from typing import Any

import pytest

from events.formats.decode import Decoder
from tests.support.records import kubernetes_event, records_of

HALF = "x" * 16_384


def halves_in(*values: bytes) -> int:
    decoder = Decoder()
    lines = decoder.lines_of(records_of(values))
    assert len(lines) == len(values)
    return decoder.malformed.partial


@pytest.mark.parametrize(
    ("fields", "halves"),
    [
        ({"logtag": "P"}, 1),
        ({"logtag": "P:tag"}, 1),
        ({"logtag": "F"}, 0),
        ({"logtag": None}, 0),
        ({"logtag": 7}, 0),
        ({"_p": "P"}, 1),
        ({"_p": "F"}, 0),
        ({"partial_message": "true", "partial_id": "i", "partial_ordinal": "1"}, 1),
        ({"partial_message": True}, 1),
        ({"partial_message": "true", "partial_last": "true"}, 0),
        ({"partial_message": "false"}, 0),
        ({"partial_message": None}, 0),
    ],
)
def test_what_a_runtime_says_of_a_line(fields: dict[str, Any], halves: int) -> None:
    assert halves_in(kubernetes_event("text", **fields)) == halves
    whole = kubernetes_event("whole", logtag="F")
    assert halves_in(whole, kubernetes_event("text", **fields), whole) == halves


@pytest.mark.parametrize(
    ("texts", "halves"),
    [
        ([HALF, HALF, "end\n"], 2),
        (["a\n", "b\n"], 0),
        (["a", "b"], 0),
        (["a\r\n", "b\r\n"], 0),
        (["a\n", HALF], 1),
        (["a\nb\n", "c\n"], 0),
    ],
)
def test_docker_ends_each_line_but_a_half_one(texts: list[str], halves: int) -> None:
    assert halves_in(*map(kubernetes_event, texts)) == halves


def test_a_pod_of_another_runtime_has_no_halves_beside_dockers() -> None:
    others = [kubernetes_event("whole", pod="gold-2"), kubernetes_event("whole", pod="gold-3")]
    assert halves_in(kubernetes_event("a\n"), *others, kubernetes_event(HALF)) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"logtag": "F"},
        {"_p": "F"},
        {"logtag": "F", "odd": float("nan")},
        {"log": None, "message": "parsed"},
        {"log": None, "level": "parsed"},
        {"log": {"level": "parsed"}},
        {"partial_message": "true", "partial_last": "true"},
    ],
)
def test_what_only_stands_beside_dockers_lines_is_whole(fields: dict[str, Any]) -> None:
    docker = kubernetes_event("a\n")
    beside = kubernetes_event(**{"log": "whole", **fields})
    assert halves_in(docker, beside, docker) == 0


def test_one_that_another_runtime_ends_with_a_line_feed_makes_no_docker() -> None:
    ended = kubernetes_event("a\n", _p="F")
    assert halves_in(ended, kubernetes_event("whole"), ended) == 0


def test_what_is_read_again_is_not_counted_again() -> None:
    decoder = Decoder()
    records = records_of([kubernetes_event("half", logtag="P")])
    for again in (False, True, True):
        decoder.wanted_lines_of(records, lambda _: True, again=again)
    assert decoder.malformed.partial == 1

"""No line of a router takes long to read, whatever it is made of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest

from events.formats import web
from events.formats.decode import Decoder
from events.formats.web import LAYOUTS_MAX, LEARN_SECONDS, PAIRS_MAX
from events.formats.web_layout import KEY_CHARACTERS_MAX, KEYS_MAX
from tests.support.records import records_of

TOPIC = "alamoweblogs"


def line_of(keys: Iterable[str]) -> bytes:
    return " ".join(["hostname=gold-gs.x", "path=/p", *(f"{key}=v" for key in keys)]).encode()


def read(decoder: Decoder, *values: bytes) -> int:
    """Lines of these, each a record and a run of its own."""
    return sum(len(decoder.lines_of(records_of([value], TOPIC))) for value in values)


def layouts_of(decoder: Decoder) -> Any:
    format_: Any = decoder._formats[TOPIC]
    return format_._layouts


@pytest.mark.parametrize(
    ("keys", "are_few"),
    [
        ([f"k{n}" for n in range(KEYS_MAX - 2)], True),
        ([f"k{n}" for n in range(KEYS_MAX - 1)], False),
        (["k" * KEY_CHARACTERS_MAX], True),
        (["k" * (KEY_CHARACTERS_MAX + 1)], False),
        (["k" * 900_000], False),
    ],
)
def test_a_layout_has_few_keys_that_are_short(keys: list[str], are_few: bool) -> None:
    decoder = Decoder()
    assert read(decoder, *[line_of(keys)] * 3) == 3
    assert len(layouts_of(decoder)) == are_few


def test_the_largest_layout_has_no_expression_that_takes_long_to_make(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What takes long is a set of characters that are not ASCII: `re` looks at 65,536 for each."""
    made: list[str] = []
    compiled = re.compile

    def compile_(pattern: Any, *flags: Any) -> Any:
        made.append(pattern)
        return compiled(pattern, *flags)

    monkeypatch.setattr("events.formats.web_layout.re.compile", compile_)
    key = "*" * KEY_CHARACTERS_MAX  # each is escaped
    keys = [f"{n:02}{key[2:]}" for n in range(KEYS_MAX - 2)]
    decoder = Decoder()
    assert read(decoder, *[line_of(keys)] * 3) == 3
    assert len(made) == 2
    assert all(pattern.isascii() and len(pattern) < 16_384 for pattern in made)


def test_there_are_only_so_many_layouts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "LEARN_SECONDS", 0.0)
    decoder = Decoder()
    for number in range(LAYOUTS_MAX + 10):
        assert read(decoder, *[line_of([f"k{number}"])] * 2) == 2
    assert len(layouts_of(decoder)) == LAYOUTS_MAX


def test_one_is_made_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("events.formats.web.time.monotonic", lambda: now)
    decoder = Decoder()
    values = [line_of([f"k{number // 2}"]) for number in range(100)]
    for made in (1, 1, 2):
        assert len(decoder.lines_of(records_of(values, TOPIC))) == 100
        assert len(layouts_of(decoder)) == made
        now += LEARN_SECONDS * 0.6


@pytest.mark.parametrize(
    "value",
    [
        line_of(f"k{n}" for n in range(PAIRS_MAX - 1)),
        line_of(f"k{n}" for n in range(100_000)),
        line_of([""] * 300_000),
        b'hostname=gold-gs.x a="' + b'b="c ' * 100_000 + b'"',
        b'a="x hostname=gold-gs.x ' + b"b= " * 100_000 + b'"',
    ],
    ids=["one too many", "distinct", "empty", "quotes", "hidden in quotes"],
)
def test_a_line_of_too_many_pairs_is_none(value: bytes) -> None:
    decoder = Decoder()
    assert read(decoder, value, value, line_of(["k"])) == 1
    assert decoder.malformed.counts == {"too_many_pairs": 2}


def test_a_line_of_so_many_is_read_to_its_end() -> None:
    value = line_of(f"k{n}" for n in range(PAIRS_MAX - 2))
    (line,) = Decoder().lines_of(records_of([value], TOPIC))
    assert f"k{PAIRS_MAX - 3}=v" in line.text

"""How deep a body is nested and how much it holds, at a cost that does not hang on what it is made
of."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logshuttle_site.parsers import has_more_values_than, is_deeper_than

VALUES = st.recursive(
    st.none() | st.text('[]{}"\\x', max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('{"[', max_size=2), inner),
    max_leaves=20,
)


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


@given(VALUES, st.integers(0, 5))
def test_objects_and_arrays_count_and_what_stands_in_strings_does_not(
    value: Any, depth: int
) -> None:
    body = json.dumps(value, ensure_ascii=False).encode()
    assert is_deeper_than(depth, body) == (depth_of(value) > depth)


@pytest.mark.parametrize(
    ("body", "deeper"),
    [
        (b"[" * 64 + b"]" * 64, False),
        (b"[" * 65 + b"]" * 65, True),
        (b'{"a":' * 50_000, True),
        (b"[" * 100_000, True),
        (b"[" + b"[]," * 80_000 + b"1]", False),
        (b'{"a":[' + b"{}," * 80_000 + b"1]}", False),
        (b'["' + b"[" * 1000 + b'"]', False),
        (b'["' + b"[" * 1000, False),
        (b"[" * 60 + b"]" * 3, False),
        (b"", False),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_body_of_brackets_is_judged(body: bytes, deeper: bool) -> None:
    assert is_deeper_than(64, body) == deeper


@pytest.mark.parametrize(
    ("body", "more"),
    [
        (b"[" + b"1," * 9_999 + b"1]", False),
        (b"[" + b"[],[]," * 2_501 + b"1]", True),
        (b"[" + b",".join([b"[" * 60 + b"]" * 60] * 200) + b"]", True),
        (b'{"a":"' + b",' " * 60_000 + b'"}', False),
        (b"{" + b'"a,":1,' * 10_001 + b'"b":1}', True),
        (b"", False),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_body_of_many_values_is_judged(body: bytes, more: bool) -> None:
    assert has_more_values_than(10_000, body) == more

"""What a record holds that strict JSON refuses: repaired, and taken apart where it is several.

Writers put numbers into JSON that are none, bytes that are no UTF-8, half surrogates, a byte order
mark, raw control characters; collectors put several events into one record. All of this is off the
fast path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from events.formats.malformed import MalformedError
from events.formats.texts import utf8_text

EVENTS_MAX = 1000
"""In one record."""

REFUSED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TypeError)
"""What typed reading raises."""

_CUT = object()
"""Stands for what follows the last value and is none."""

# Half a surrogate pair, as an escape.
_HIGH, _LOW = "[89abAB][0-9a-fA-F]{2}", "[c-fC-F][0-9a-fA-F]{2}"
_HALF = re.compile(rf"\\u[dD](?:{_HIGH}(?!\\u[dD]{_LOW})|(?<!\\u[dD]{_HIGH}\\u[dD]){_LOW})")
_ESCAPED_BACKSLASH = "\ud800"
"""Stands for one while halves are looked for: no decoded text has this."""
# A number that is none, as Python, C and Go write them; and the same where it is not inside text.
_NO_NUMBER = re.compile(r"[+-]?(?:nan|inf(?:inity)?)\b", re.IGNORECASE)
_OUTSIDE_TEXT = re.compile(
    rf'"(?:[^"\\]++|\\.)*+"?|(?P<number>{_NO_NUMBER.pattern})', re.DOTALL | re.IGNORECASE
)
# Between two values: white space, a byte order mark, the separator of JSON sequences, C's end.
_BETWEEN = re.compile(r"[ \t\r\n\ufeff\x1e\0]*")
_read_value = json.JSONDecoder(strict=False, parse_constant=lambda _: None).raw_decode


def values_of(value: bytes | None) -> list[object]:
    """All JSON values of a record, or of an array that it is.

    Raises MalformedError for a record that holds no object, or more than `EVENTS_MAX` values.
    """
    if not value:
        raise MalformedError("empty")
    found: list[object] = []
    for one in _values_in(_text_of(value)):
        found += one if isinstance(one, list) else [one]
        if len(found) > EVENTS_MAX:
            raise MalformedError("too_many_events")
    if not found:
        raise MalformedError("empty")
    if not any(isinstance(one, dict) for one in found):
        object_of(found[0])
    return found


def object_of(value: object) -> dict[str, Any]:
    """One of `values_of` as an event's fields. Raises MalformedError."""
    if not isinstance(value, dict):
        raise MalformedError("not_json" if value is _CUT else "not_an_object")
    return value


def _text_of(value: bytes) -> str:
    text = utf8_text(value).removeprefix("\ufeff").replace(r"\\", _ESCAPED_BACKSLASH)
    return _HALF.sub(r"\\ufffd", text).replace(_ESCAPED_BACKSLASH, r"\\")


def _values_in(text: str) -> Iterator[object]:
    try:
        yield msgspec.json.decode(text)
    except REFUSED:
        yield from _one_by_one(text)


def _one_by_one(text: str) -> Iterator[object]:
    at = _behind_blanks(text, 0)
    is_mended = False
    while at < len(text):
        try:
            value, at = _read_value(text, at)
        except (ValueError, RecursionError) as error:
            if is_mended or not _is_at_no_number(error):
                yield _CUT
                return
            text, at, is_mended = _OUTSIDE_TEXT.sub(_null_or_same, text[at:]), 0, True
        else:
            yield value
            at = _behind_blanks(text, at)


def _is_at_no_number(error: Exception) -> bool:
    at_fault = isinstance(error, json.JSONDecodeError) and _NO_NUMBER.match(error.doc, error.pos)
    return bool(at_fault)


def _null_or_same(found: re.Match[str]) -> str:
    return "null" if found["number"] else found[0]


def _behind_blanks(text: str, at: int) -> int:
    blanks = _BETWEEN.match(text, at)
    return blanks.end() if blanks else at

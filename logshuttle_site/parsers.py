"""JSON in and out, whatever Content-Type and Accept say, as in the original."""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from typing import IO, Any

import msgspec
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import APIException, ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class BodyTooLargeError(APIException):
    status_code = 413
    default_detail = "the body is larger than 256 KiB"


# What readers of the whole way can bear, far from the limit of any.
MAX_DEPTH = 64
MAX_VALUES = 10_000
"""Members of all objects and arrays together: 250 kB of empty arrays are megabytes when they are
read."""

# A string, whole or to the end of the body.
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_OPEN, _CLOSE = b"(", b")"
_BRACKETS = bytes.maketrans(b"[{]}", b"(())")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[{]}"))


class AnyTypeIsJson(BaseParser):
    media_type = "*/*"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        request = (parser_context or {})["request"]
        try:
            given: bytes = request._request.body.removeprefix(BOM_UTF8)
            if is_deeper_than(MAX_DEPTH, given):
                raise ParseError(f"the body is nested more than {MAX_DEPTH} deep")
            if has_more_values_than(MAX_VALUES, given):
                raise ParseError(f"the body holds more than {MAX_VALUES:,} values")
            body = msgspec.json.decode(given)
            refuse_twins(given)
        except RequestDataTooBig:
            raise BodyTooLargeError from None
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ParseError(f"the body is not JSON: {error}") from None
        if not isinstance(body, dict):
            raise ParseError("the body is not a JSON object")
        return body


class AnswersAreJson(DefaultContentNegotiation):
    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type


def refuse_twins(body: bytes) -> None:
    """Raises ParseError for a name that an object has twice: readers differ in which one counts."""
    json.loads(body, object_pairs_hook=_refuse_twins, parse_int=len, parse_float=len)


def _refuse_twins(pairs: list[tuple[str, Any]]) -> None:
    seen = set()
    for name, _ in pairs:
        if name in seen:
            raise ParseError(f"the name {name[:80]!r} stands twice in one object")
        seen.add(name)


def is_deeper_than(depth: int, body: bytes) -> bool:
    """Whether objects and arrays stand in each other deeper than that; of no JSON, perhaps.

    No step for each bracket: a body of them alone would take as long as fifty others.
    """
    if body.count(b"{") + body.count(b"[") <= depth:
        return False
    brackets = _STRING.sub(b"", body).translate(_BRACKETS, _NO_BRACKETS)
    for _ in range(depth):
        brackets = brackets.replace(_OPEN + _CLOSE, b"")
    still_open = brackets.count(_OPEN)
    return still_open > depth or 0 < still_open == brackets.count(_CLOSE)


def has_more_values_than(limit: int, body: bytes) -> bool:
    """Of JSON: each value stands behind a comma, or is the first of an object or array."""
    return _separators(body) > limit and _separators(_STRING.sub(b"", body)) > limit


def _separators(body: bytes) -> int:
    return body.count(b",") + body.count(b"[") + body.count(b"{")

"""JSON → one option's plain value. `field` is the path that a fault names: `filter.include`.

All raise InvalidDrainError. No fault repeats a value: it may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from drains.errors import InvalidDrainError
from drains.filters import PATTERN_CHARACTERS_MAX, STREAMS, LineFilter, compiled
from drains.options import pem
from drains.options.json_schema import Schema, object_of, string
from drains.url_text import REDACTED
from events.lines import SOURCES
from events.members import unknown_members

PROCESSES_MAX = 50
PROCESS_CHARACTERS_MAX = 63
HEADERS_MAX = 20
HEADERS_CHARACTERS_MAX = 4096

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 7230 section 3.2.6
_HEADER_VALUE = re.compile(r"([\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?)?")
_HOP_BY_HOP = {
    *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
    *("te", "trailer", "transfer-encoding", "upgrade"),
}
_OURS = {"content-encoding", "content-length", "content-type", "expect", "host", "user-agent"}


class Reader(NamedTuple):
    read: Callable[[str, object], Any]
    schema: Callable[[], Schema]
    """What it takes, beside null; asked when it is wanted, as limits may be settings. What no
    schema can say of it, it refuses even so."""

    def __call__(self, field: str, value: object) -> Any:
        return self.read(field, value)


def one_of(choices: tuple[str, ...]) -> Reader:
    """Reads one of these words."""

    def read(field: str, value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            raise InvalidDrainError(field, f"must be one of {', '.join(choices)}")
        return value

    return Reader(read, lambda: {"type": "string", "enum": list(choices)})


def whole_number(most: Callable[[], int], least: int = 1) -> Reader:
    """Reads a number from `least` to what `most` gives by then."""

    def read(field: str, value: object) -> int:
        limit = most()
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= limit:
            raise InvalidDrainError(field, f"must be a whole number from {least} to {limit}")
        return value

    return Reader(read, lambda: {"type": "integer", "minimum": least, "maximum": most()})


def _line_filter(field: str, value: object) -> LineFilter:
    """Of an object with what is to be asked of a line; a member that is null asks nothing."""
    given = _members(field, value, _FILTER_MEMBERS)
    return LineFilter(
        **{
            name: _FILTER_MEMBERS[name](f"{field}.{name}", member)
            for name, member in given.items()
            if member is not None
        }
    )


def _header_pairs(field: str, value: object) -> tuple[tuple[str, str], ...]:
    """Of an object: names and values that an owner may set in a request, in their order."""
    given = _object(field, value)
    if len(given) > HEADERS_MAX:
        raise InvalidDrainError(field, f"there may be at most {HEADERS_MAX}")
    pairs = tuple(
        _header(field, number, name, text) for number, (name, text) in enumerate(given.items(), 1)
    )
    if sum(len(name) + len(text) for name, text in pairs) > HEADERS_CHARACTERS_MAX:
        raise InvalidDrainError(field, f"longer than {HEADERS_CHARACTERS_MAX} bytes in all")
    if len({name.lower() for name, _ in pairs}) < len(pairs):
        raise InvalidDrainError(field, "has a name twice: case makes no difference")
    return pairs


def _tls_members(field: str, value: object) -> dict[str, str]:
    """Those that are given; one that is to be cleared is empty."""
    given = _members(field, value, _TLS_MEMBERS)
    return {
        name: "" if member in (None, "") else _pem(f"{field}.{name}", member, _TLS_MEMBERS[name])
        for name, member in given.items()
    }


def _object(field: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidDrainError(field, "must be an object")
    return value


def _members(field: str, value: object, known: Collection[str]) -> Mapping[str, Any]:
    given = _object(field, value)
    unknown = unknown_members(given, known)
    if unknown:
        raise InvalidDrainError.of_all((f"{field}.{name}", why) for name, why in unknown.items())
    return given


def _text(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidDrainError(field, "must be text")
    return value


def _some_of(choices: tuple[str, ...]) -> Reader:
    read_one = one_of(choices)

    def read(field: str, value: object) -> frozenset[str]:
        if not isinstance(value, list):
            raise InvalidDrainError(field, "must be a list")
        return frozenset(read_one(field, each) for each in value)

    return Reader(read, lambda: {"type": "array", "items": read_one.schema()})


def _processes(field: str, value: object) -> frozenset[str]:
    if not isinstance(value, list):
        raise InvalidDrainError(field, "must be a list")
    if len(value) > PROCESSES_MAX:
        raise InvalidDrainError(field, f"there may be at most {PROCESSES_MAX}")
    for each in value:
        if not 0 < len(_text(field, each)) <= PROCESS_CHARACTERS_MAX:
            why = f"a process type has 1 to {PROCESS_CHARACTERS_MAX} characters"
            raise InvalidDrainError(field, why)
        if not each.isprintable() or " " in each or "," in each:
            raise InvalidDrainError(
                field, "a process type has no space, comma or control character"
            )
    return frozenset(value)


def _pattern(field: str, value: object) -> str:
    pattern = _text(field, value)
    if "\0" in pattern:
        raise InvalidDrainError(field, "contains a NUL character")
    try:
        compiled(pattern)
    except ValueError as error:
        raise InvalidDrainError(field, str(error)) from None
    return pattern


def _header(field: str, number: int, name: str, value: object) -> tuple[str, str]:
    if not _HEADER_NAME.fullmatch(name):
        # Not repeated: a value may have slipped into it.
        raise InvalidDrainError(field, f"name {number} has a character that no header's name has")
    path = f"{field}.{name}"
    if name.lower() in _OURS or name.lower().startswith("logplex-"):
        raise InvalidDrainError(path, "is set by the log shuttle itself")
    if name.lower() in _HOP_BY_HOP:
        raise InvalidDrainError(path, "is about a connection, not about what is sent")
    if _text(path, value) == REDACTED:
        why = f"is {REDACTED}, where an answer left the value out: give it whole"
        raise InvalidDrainError(path, why)
    if not _HEADER_VALUE.fullmatch(str(value)):
        why = "must be printable ASCII without white space at its ends"
        raise InvalidDrainError(path, why)
    return name, str(value)


def _pem(field: str, value: object, read: Callable[[str], str]) -> str:
    text = _text(field, value)
    if len(text) > pem.TEXT_CHARACTERS_MAX:
        raise InvalidDrainError(field, f"longer than {pem.TEXT_CHARACTERS_MAX} characters")
    try:
        return read(text)
    except ValueError as error:
        raise InvalidDrainError(field, str(error)) from None


def _processes_schema() -> Schema:
    one = string(PROCESS_CHARACTERS_MAX, minLength=1, pattern=r"^[^\s,]+$")
    return {"type": "array", "maxItems": PROCESSES_MAX, "items": one}


def _headers_schema() -> Schema:
    value = string(HEADERS_CHARACTERS_MAX, pattern=f"^{_HEADER_VALUE.pattern}$")
    return {
        "type": "object",
        "maxProperties": HEADERS_MAX,
        "propertyNames": {"pattern": f"^{_HEADER_NAME.pattern}$"},
        "additionalProperties": value,
    }


_one_pattern = Reader(_pattern, lambda: string(PATTERN_CHARACTERS_MAX, format="regex"))
_FILTER_MEMBERS: dict[str, Reader] = {
    "sources": _some_of(SOURCES),
    "processes": Reader(_processes, _processes_schema),
    "streams": _some_of(STREAMS),
    "include": _one_pattern,
    "exclude": _one_pattern,
}
_TLS_MEMBERS = {"ca": pem.certificates, "certificate": pem.certificates, "key": pem.private_key}

line_filter = Reader(
    _line_filter,
    lambda: object_of({name: read.schema() for name, read in _FILTER_MEMBERS.items()}),
)
header_pairs = Reader(_header_pairs, _headers_schema)
tls_members = Reader(
    _tls_members,
    lambda: object_of({name: string(pem.TEXT_CHARACTERS_MAX) for name in _TLS_MEMBERS}),
)

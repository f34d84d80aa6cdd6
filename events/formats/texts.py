"""Small rules that formats share."""

from __future__ import annotations

import re

import msgspec

# A byte that is no UTF-8, as "surrogateescape" has it.
_STRAY_BYTE = re.compile("[\udc80-\udcff]")


def utf8_text(data: bytes) -> str:
    """With U+FFFD for each byte that is no UTF-8: Python's "replace" writes one for a cut sequence,
    Go wrote one a byte."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _STRAY_BYTE.sub("\ufffd", data.decode("utf-8", "surrogateescape"))


def without_newline(text: str) -> str:
    """Less one LF or CRLF at the end."""
    if text[-1:] == "\n":
        return text[:-2] if text[-2:] == "\r\n" else text[:-1]
    return text


def as_given(value: object) -> str:
    """A JSON value in a `key=value` pair: text as it is, nothing for null, else JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()

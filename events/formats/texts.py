"""Small rules that formats share."""

from __future__ import annotations

import msgspec


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

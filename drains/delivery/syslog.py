"""RFC 5424 records: `<PRI>1 TIME HOSTNAME APP-NAME - - - MSG`, facility user.

A record is put together as text and a whole parcel is cleaned and encoded at once: what a line
costs is one f-string.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from events.lines import Origin, Severity

RECORD_BYTES_MAX = 99_990
"""A longer record is cut, as in the original, but never inside a character."""

PRI_AND_VERSION = {Severity.ERROR: "<11>1 ", Severity.INFO: "<14>1 "}

_HOSTNAME_MAX, _APP_NAME_MAX = 255, 48
_NOT_PRINTABLE_ASCII = re.compile(r"[^\x21-\x7e]+")
_NO_SPACE_FOR = str.maketrans("\r\n\0", "   ")
# No character takes more than four bytes, so shorter texts need not be measured.
_SURELY_SHORT = RECORD_BYTES_MAX // 4


def header_of(origin: Origin, hostname: str | None = None) -> str:
    """What stands between TIMESTAMP and MSG for all lines of an origin, spaces included.

    `hostname` replaces the key's text (test mode).
    """
    host = _field(hostname or str(origin.key), _HOSTNAME_MAX)
    return f" {host} {_field(origin.tag, _APP_NAME_MAX)} - - - "


def newline_framed(records: Sequence[str]) -> bytes:
    """Records with a LF behind each (RFC 6587 section 3.4.2); CR, LF and NUL inside are spaces."""
    text = "\n".join(records)
    if text.count("\n") != len(records) - 1 or "\r" in text or "\0" in text:
        text = "\n".join(record.translate(_NO_SPACE_FOR) for record in records)
    if len(text) > _SURELY_SHORT and max(map(len, records)) > _SURELY_SHORT:
        return b"".join(cut(record.encode()) + b"\n" for record in text.split("\n"))
    return text.encode() + b"\n"


def cut(record: bytes, limit: int = RECORD_BYTES_MAX) -> bytes:
    """At most `limit` bytes, and no part of a character at the end."""
    if len(record) <= limit:
        return record
    return record[:limit].decode("utf-8", "ignore").encode()


def _field(text: str, limit: int) -> str:
    """A header field: bytes 33 to 126 only, within the RFC's length, `-` when nothing is left."""
    return _NOT_PRINTABLE_ASCII.sub("", text)[:limit] or "-"

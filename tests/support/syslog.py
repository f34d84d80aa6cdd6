"""A strict parser of RFC 5424 records: what the standard does not allow, it refuses.

Written from the ABNF of section 6, and shares nothing with the formatter that it judges.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

_PRINTABLE = rb"[\x21-\x7e]"
_HEADER = re.compile(
    rb"<(0|[1-9][0-9]{0,2})>1"  # PRI; VERSION is 1, no other is defined
    rb" (-|[^ ]+)"  # TIMESTAMP
    rb" (" + _PRINTABLE + rb"{1,255})"  # HOSTNAME
    rb" (" + _PRINTABLE + rb"{1,48})"  # APP-NAME
    rb" (" + _PRINTABLE + rb"{1,128})"  # PROCID
    rb" (" + _PRINTABLE + rb"{1,32})"  # MSGID
    rb" "
)
_TIMESTAMP = re.compile(
    rb"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9])(\.[0-9]{1,6})?"
    rb"(Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
_SD_NAME = rb"[!#-<>-\\^-~]{1,32}"  # printable but = ] "
_ELEMENT_BEGIN = re.compile(rb"\[(" + _SD_NAME + rb")")
_PARAMETER = re.compile(rb" (" + _SD_NAME + rb')="((?:[^"\\\]]|\\.)*)"', re.DOTALL)
_PRIVATE_ID = re.compile(rb"[^@]+@[0-9]+(\.[0-9]+)*")
_REGISTERED_IDS = (b"timeQuality", b"origin", b"meta")  # IANA; private ones have an @
_UTF8_BOM = b"\xef\xbb\xbf"

Parameters = list[tuple[str, str]]


@dataclass(frozen=True)
class SyslogRecord:
    """The fields of one record; None where it has the nil value `-` or, for msg, no MSG at all."""

    facility: int
    severity: int
    timestamp: str | None
    hostname: str | None
    app_name: str | None
    procid: str | None
    msgid: str | None
    structured_data: dict[str, Parameters]
    msg: bytes | None

    @property
    def text(self) -> str:
        """MSG as UTF-8. Raises ValueError where it is not."""
        return (self.msg or b"").removeprefix(_UTF8_BOM).decode()


def parse(record: bytes) -> SyslogRecord:
    """One record without its framing. Raises ValueError saying what the standard does not allow."""
    header = _HEADER.match(record)
    if header is None:
        raise ValueError(f"not an RFC 5424 header: {record[:80]!r}")
    priority, timestamp, *names = header.groups()
    if int(priority) > 191:
        raise ValueError(f"PRI {int(priority)} is over 191")
    structured_data, rest = _structured_data(record[header.end() :])
    facility, severity = divmod(int(priority), 8)
    hostname, app_name, procid, msgid = (_or_none(name) for name in names)
    return SyslogRecord(
        facility=facility,
        severity=severity,
        timestamp=_timestamp(timestamp),
        hostname=hostname,
        app_name=app_name,
        procid=procid,
        msgid=msgid,
        structured_data=structured_data,
        msg=_msg(rest),
    )


def _or_none(field: bytes) -> str | None:
    return None if field == b"-" else field.decode("ascii")


def _timestamp(field: bytes) -> str | None:
    if field == b"-":
        return None
    match = _TIMESTAMP.fullmatch(field)
    if match is None:
        raise ValueError(f"not a TIMESTAMP of RFC 5424: {field!r}")
    datetime.fromisoformat(match.group(1).decode())  # ValueError for a 31st of June
    return field.decode()


def _structured_data(rest: bytes) -> tuple[dict[str, Parameters], bytes]:
    """What it holds, and the bytes that follow it."""
    if rest[:1] == b"-":
        return {}, rest[1:]
    elements: dict[str, Parameters] = {}
    while (begin := _ELEMENT_BEGIN.match(rest)) is not None:
        name = _sd_id(begin.group(1))
        if name in elements:
            raise ValueError(f"SD-ID {name} twice in one record")
        elements[name], rest = _parameters(rest[begin.end() :])
    if not elements:
        raise ValueError(f"neither - nor an SD-ELEMENT: {rest[:40]!r}")
    return elements, rest


def _sd_id(name: bytes) -> str:
    if name not in _REGISTERED_IDS and not _PRIVATE_ID.fullmatch(name):
        raise ValueError(f"SD-ID {name!r} is neither registered nor name@number")
    return name.decode("ascii")


def _parameters(rest: bytes) -> tuple[Parameters, bytes]:
    found: Parameters = []
    while (match := _PARAMETER.match(rest)) is not None:
        value = re.sub(rb'\\(["\\\]])', rb"\1", match.group(2))
        found.append((match.group(1).decode("ascii"), value.decode()))
        rest = rest[match.end() :]
    if rest[:1] != b"]":
        raise ValueError(f"an SD-ELEMENT does not end: {rest[:40]!r}")
    return found, rest[1:]


def _msg(rest: bytes) -> bytes | None:
    if not rest:
        return None
    if rest[:1] != b" ":
        raise ValueError(f"no space before MSG: {rest[:40]!r}")
    msg = rest[1:]
    if msg.startswith(_UTF8_BOM):
        msg.decode()  # it says that it is UTF-8, so it must be; UnicodeDecodeError is a ValueError
    return msg

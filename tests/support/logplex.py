"""A strict judge of HTTP drain requests, `application/logplex-1`.

Written from the description of the format (Heroku's "HTTP drains"), and shares nothing with the
sender that it judges. What the format does not allow raises ValueError saying so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

_COUNT = re.compile(rb"([1-9][0-9]*) ")
_MESSAGE = re.compile(
    rb"<(?P<pri>0|[1-9][0-9]{0,2})>1"
    rb" (?P<time>[^ ]+)"
    rb" (?P<hostname>[!-~]{1,255})"
    rb" (?P<source>[!-~]{1,48})"
    rb" (?P<process>[!-~]{1,128})"
    rb" -"  # MSGID; there is no structured data
    rb" (?P<msg>.*)",
    re.DOTALL,
)
_TIME = re.compile(
    rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    rb"(Z|[+-][0-9]{2}:[0-9]{2})"
)
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_HEADERS = {
    "content-type": r"application/logplex-1",
    "content-length": r"0|[1-9][0-9]*",
    "logplex-msg-count": r"[1-9][0-9]*",
    "logplex-frame-id": r"[0-9A-F]{32}",
    "logplex-drain-token": rf"d\.{_UUID}|{_UUID}",
    "user-agent": r"Logplex/.+",
}


@dataclass(frozen=True)
class LogplexMessage:
    """A message of the shape that Heroku sends: six header fields, then the text."""

    facility: int
    severity: int
    time: str
    hostname: str
    source: str
    process: str
    msg: bytes


def parse_request(headers: Mapping[str, str], body: bytes) -> list[bytes]:
    """The messages of a whole request, without their LF."""
    messages = parse_body(body)
    given = {name.lower(): value for name, value in headers.items()}
    if len(given) != len(headers):
        raise ValueError(f"a header twice: {sorted(headers)}")
    for name, form in _HEADERS.items():
        if name not in given:
            raise ValueError(f"no header {name}")
        if re.fullmatch(form, given[name]) is None:
            raise ValueError(f"header {name} is {given[name]!r}")
    if "transfer-encoding" in given:
        raise ValueError(f"Transfer-Encoding: {given['transfer-encoding']}")
    if int(given["content-length"]) != len(body):
        raise ValueError(f"Content-Length {given['content-length']}, {len(body)} bytes of body")
    if int(given["logplex-msg-count"]) != len(messages):
        raise ValueError(f"Msg-Count {given['logplex-msg-count']}, {len(messages)} frames")
    return messages


def parse_body(body: bytes) -> list[bytes]:
    """The messages of the frames `<count> <message>`, each without the LF that it must end in."""
    messages, place = [], 0
    while place < len(body):
        count = _COUNT.match(body, place)
        if count is None:
            raise ValueError(f"no frame begins at byte {place}: {body[place : place + 60]!r}")
        end = count.end() + int(count.group(1))
        if end > len(body):
            raise ValueError(f"the frame at byte {place} has {end - len(body)} bytes too few")
        messages.append(_without_end(body[count.end() : end], place))
        place = end
    if not messages:
        raise ValueError("a body without frames")
    return messages


def parse_message(message: bytes) -> LogplexMessage:
    """`<PRI>1 TIME HOSTNAME SOURCE PROCESS - TEXT`.

    A full RFC 5424 record passes too, with its structured data (`- `) at the begin of `msg`: no
    reader of this shape can tell it from text.
    """
    match = _MESSAGE.fullmatch(message)
    if match is None:
        raise ValueError(f"not a message of Logplex: {message[:80]!r}")
    pri = int(match["pri"])
    if pri > 191:
        raise ValueError(f"PRI {pri} is over 191")
    if _TIME.fullmatch(match["time"]) is None:
        raise ValueError(f"not a time: {match['time']!r}")
    datetime.fromisoformat(match["time"].decode())  # ValueError for a 31st of June
    hostname, source, process = (match[n].decode() for n in ("hostname", "source", "process"))
    return LogplexMessage(
        *divmod(pri, 8), match["time"].decode(), hostname, source, process, match["msg"]
    )


def _without_end(message: bytes, place: int) -> bytes:
    text = message.removesuffix(b"\n")
    if text == message:
        raise ValueError(f"the message at byte {place} does not end in LF: {message[-40:]!r}")
    if text.endswith(b"\n"):
        raise ValueError(f"the message at byte {place} ends in more than one LF")
    return text

"""Records for the wire: RFC 5424, or the shape that Logplex gives them.

    <PRI>1 TIME app-space TAG - - - MSG             rfc5424
    <PRI>1 TIME d.DRAIN SOURCE PROCESS - - MSG      logplex, on syslog drains
    <PRI>1 TIME host SOURCE PROCESS - MSG           logplex, on HTTP drains: no structured data

A record is put together of parts that many lines share, but for its time and its text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from drains.routes import Route
from drains.transports import RECORD_BYTES_MAX
from events.cleaning import bodies, field
from events.lines import Origin, Severity

PRI_AND_VERSION = {Severity.ERROR: "<11>1 ", Severity.INFO: "<14>1 "}
_HOSTNAME_MAX, _APP_NAME_MAX, _PROCID_MAX = 255, 48, 128
_HEADER_BYTES_MAX = 600
"""All of a record but MSG is shorter."""
_IN_ROWS = ("newline", "datagram")
"""Framings that want a LF behind each record and nothing else (RFC 6587 section 3.4.2)."""


class WireFormat(NamedTuple):
    """What decides how records look: drains with the same one share the work."""

    framing: Literal["newline", "octet", "datagram", "request"] = "newline"
    logplex: bool = False
    hostname: str = ""
    """HOSTNAME instead of the key's text."""
    record_bytes_max: int = RECORD_BYTES_MAX

    @property
    def body_bytes_max(self) -> int:
        """No record is too long while no body is longer."""
        return self.record_bytes_max - _HEADER_BYTES_MAX

    @property
    def plain_bytes_max(self) -> int:
        """Records go as they are while no body is longer."""
        return self.body_bytes_max if self.framing in _IN_ROWS else -1


class Framed(NamedTuple):
    """Records as they go over the wire."""

    data: bytes
    cut: int = 0
    """How many of them were too long to be sent whole."""


def wire_format_of(route: Route, hostname: str = "") -> WireFormat:
    """`hostname`: what stands there in every line (test mode)."""
    options, transport = route.options, route.destination.transport
    framing = transport.framing
    logplex = options.format == "logplex"
    if logplex and not hostname:
        hostname = "host" if framing == "request" else f"d.{route.drain_id}"
    return WireFormat(
        options.framing if framing == "stream" else framing,
        logplex,
        hostname,
        min(options.max_record_bytes, transport.record_bytes_max),
    )


def header_of(origin: Origin, wire: WireFormat) -> str:
    """What stands between TIMESTAMP and MSG for all lines of an origin, spaces included."""
    host = field(wire.hostname or origin.name, _HOSTNAME_MAX)
    if not wire.logplex:
        return f" {host} {field(origin.tag, _APP_NAME_MAX)} - - - "
    source = "app" if origin.source == "app" else "heroku"  # Logplex's name for a platform
    process = origin.tag if origin.source == "app" else origin.process or origin.source
    rest = "- " if wire.framing == "request" else "- - "
    return f" {host} {source} {field(process, _PROCID_MAX)} {rest}"


def framed(records: Sequence[str], wire: WireFormat) -> Framed:
    """CR, LF and NUL inside a record are spaces."""
    return packed(b"".join(bodies(records)), wire)


def packed(data: bytes, wire: WireFormat, longest: int | None = None) -> Framed:
    """Records, with a LF at each one's end and none elsewhere. `longest`: no body among them is
    longer.

    octet: `LENGTH RECORD` (RFC 6587 section 3.4.1). request: the same with a LF at each record's
    end, which counts.
    """
    cut = 0
    if longest is None or longest > wire.body_bytes_max:
        data, cut = _none_too_long(data, wire.record_bytes_max)
    if wire.framing == "octet":
        data = b"".join([b"%d %b" % (len(record), record) for record in data.split(b"\n")[:-1]])
    elif wire.framing == "request":
        records = data.split(b"\n")[:-1]
        data = b"".join([b"%d %b\n" % (len(record) + 1, record) for record in records])
    return Framed(data, cut)


def shortened(record: bytes, limit: int) -> bytes:
    """At most `limit` bytes, and no part of a character at the end."""
    if len(record) <= limit:
        return record
    return record[:limit].decode("utf-8", "ignore").encode()


def _none_too_long(data: bytes, limit: int) -> tuple[bytes, int]:
    """Records with a LF behind each, and how many were cut."""
    if len(data) <= limit:
        return data, 0
    whole = data.split(b"\n")
    too_long = sum(len(record) > limit for record in whole)
    if not too_long:
        return data, 0
    return b"\n".join([shortened(record, limit) for record in whole]), too_long

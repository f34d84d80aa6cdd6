"""THE TABLE of transports: data only. What a row is connected with is `delivery/build.py`'s."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

RECORD_BYTES_MIN = 480
"""RFC 5424 section 6.1: what any receiver takes."""
RECORD_BYTES_MAX = 99_990
"""The longest record, as in the original."""
DATAGRAM_BYTES_MAX = 1_024
REQUEST_BYTES_MAX = 256 * 1024
REQUEST_LINES_MAX = 1000


class BatchLimits(NamedTuple):
    """How much becomes one write: whichever comes first."""

    bytes: int
    lines: int
    seconds: float


_WRITES = BatchLimits(16 * 1024, 1_000_000, 0.05)
_REQUESTS = BatchLimits(REQUEST_BYTES_MAX, REQUEST_LINES_MAX, 0.5)
"""A request costs a receiver more than a write, so requests are larger and rarer."""


@dataclass(frozen=True, slots=True)
class Transport:
    """How lines travel. A row says what differs from syslog over TCP."""

    scheme: str
    """Its one name inside; users may write another, see `SCHEMES`."""
    default_port: int | None = None
    """None: a URL has to name one."""
    has_tls: bool = False
    has_path: bool = False
    """A URL may also hold a path, a query, a user and a password."""
    framing: Literal["stream", "datagram", "request"] = "stream"
    """stream: records one behind the other, as the drain's option says; datagram: one in each;
    request: in HTTP requests, which have headers."""
    batch: BatchLimits = _WRITES
    record_bytes_max: int = RECORD_BYTES_MAX
    """What is longer is cut, as by the drain's option."""
    connects: bool = True
    """Else nobody is asked when a socket is opened, and a second one would change nothing."""
    connections_when_full: int = 1
    """How many a drain may have while one is too few for it, where its owner has not said."""
    life_seconds: float = 3600.0
    """Then the name is looked up again: nothing else would tell that it has moved."""
    max_lag_seconds: float = math.inf
    """How far behind it may be: what is older is skipped, whatever the drain's option says."""
    confirmed_by: Literal["answer", "kernel", "nothing"] = "kernel"
    """Whose word it is that lines have arrived: the receiver's own, its kernel's, nobody's."""

    @property
    def answers(self) -> bool:
        """A receiver that does may take its time, and drops what it is sent twice by its id: a
        request that failed is cut exactly so again."""
        return self.confirmed_by == "answer"


TCP = Transport("syslog")
TLS = Transport("syslog+tls", has_tls=True)
UDP = Transport(
    "syslog+udp",
    framing="datagram",
    record_bytes_max=DATAGRAM_BYTES_MAX,
    connects=False,
    life_seconds=60.0,
    max_lag_seconds=60.0,
    confirmed_by="nothing",
)
HTTP = Transport(
    "http",
    default_port=80,
    has_path=True,
    framing="request",
    batch=_REQUESTS,
    connections_when_full=4,
    confirmed_by="answer",
)
HTTPS = replace(HTTP, scheme="https", default_port=443, has_tls=True)

SCHEMES = {
    "syslog": TCP,
    "syslog+tcp": TCP,
    "syslog+tls": TLS,
    "syslog+ssl": TLS,
    "syslog+udp": UDP,
    "http": HTTP,
    "https": HTTPS,
}
"""By what users may write."""

OTHER_WORDS = {
    **dict.fromkeys(("tcp", "syslog-tcp"), "syslog"),
    **dict.fromkeys(("udp", "syslog-udp"), "syslog+udp"),
    **dict.fromkeys(("tls", "ssl", "tcp+tls", "tcp+ssl", "syslogs", "syslog-tls"), "syslog+tls"),
}
"""What other products call these: told to who writes it, and taken from nobody."""

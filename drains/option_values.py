"""What a drain's owner may choose beside its URL. Plain values for all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from drains.filters import EVERYTHING, LineFilter
from drains.transports import RECORD_BYTES_MAX

Framing = Literal["newline", "octet"]
Format = Literal["rfc5424", "logplex"]
OnLag = Literal["replay", "skip"]

FRAMINGS: tuple[Framing, ...] = ("newline", "octet")
FORMATS: tuple[Format, ...] = ("rfc5424", "logplex")
ON_LAG: tuple[OnLag, ...] = ("replay", "skip")
MAX_LAG_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """PEM text, empty where it is not given. Without a CA the system's roots are trusted."""

    ca: str = ""
    certificate: str = ""
    key: str = field(default="", repr=False)


NO_TLS_OPTIONS = TlsOptions()


@dataclass(frozen=True, slots=True)
class DrainOptions:
    """All of a drain's options. A row of the database holds only those that differ from these
    defaults, so another default is another choice for every drain that has made none.
    """

    framing: Framing = "newline"
    """How records follow each other on TCP and TLS."""
    format: Format = "rfc5424"
    on_lag: OnLag = "replay"
    max_lag_seconds: int = MAX_LAG_SECONDS
    connections: int | None = None
    """None: as many as it needs, within limits of the transport's; see `Route.connections`."""
    max_record_bytes: int = RECORD_BYTES_MAX
    """A longer record is cut, but never inside a character."""
    filter: LineFilter = EVERYTHING
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Name and value, sent with each HTTP request. Values are secrets."""
    tls: TlsOptions = NO_TLS_OPTIONS


DEFAULTS = DrainOptions()

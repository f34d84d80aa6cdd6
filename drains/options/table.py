"""THE TABLE of a drain's options, in the order in which answers show them.

A new option is a field of `DrainOptions`, which has its type and its default, and a row here. It
needs no migration: see `stored.py`. Rules between options and the URL are those of `rules.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from django.conf import settings

from drains.filters import LineFilter
from drains.option_values import DEFAULTS, FORMATS, FRAMINGS, ON_LAG, TlsOptions
from drains.options.form import (
    DELIVERY,
    WHEN_BEHIND,
    FilterPart,
    FormPart,
    HeadersPart,
    TlsPart,
    number,
    word,
)
from drains.options.readers import (
    Reader,
    header_pairs,
    line_filter,
    one_of,
    tls_members,
    whole_number,
)

MAX_LAG_SECONDS_MAX = 30 * 24 * 3600


def _as_it_is(value: Any) -> Any:
    return value


class Option(NamedTuple):
    """What one option is to everybody who handles all of them."""

    name: str
    read: Reader
    """JSON of a request → its plain value, or the fault."""
    form: FormPart
    """What the admin asks for it."""
    show: Callable[[Any], Any] = _as_it_is
    """Its plain value → JSON of an answer."""
    keep: Callable[[Any], Any] = _as_it_is
    """Its plain value → what msgspec makes the stored JSON of."""
    load: Callable[[Any], Any] = _as_it_is
    """The stored JSON → what msgspec makes the plain value of."""
    is_secret: bool = False
    """Stored encrypted."""

    @property
    def default(self) -> Any:
        """Its plain value where nothing is chosen."""
        return getattr(DEFAULTS, self.name)


def _filter_json(wanted: LineFilter) -> dict[str, Any]:
    return {
        "sources": sorted(wanted.sources),
        "processes": sorted(wanted.processes),
        "streams": sorted(wanted.streams),
        "include": wanted.include or None,
        "exclude": wanted.exclude or None,
    }


def _tls_json(tls: TlsOptions) -> dict[str, str | None] | None:
    """Without the key, which is in no answer."""
    shown = {"ca": tls.ca or None, "certificate": tls.certificate or None}
    return shown if any(shown.values()) else None


def _pairs(kept: object) -> list[tuple[str, str]]:
    return list(msgspec.convert(kept, dict[str, str]).items())


_ROWS = (
    Option(
        "framing",
        one_of(FRAMINGS),
        FormPart(
            DELIVERY,
            framing=word(
                "On TCP and TLS. HTTP always counts octets; over UDP a datagram is a record.",
                newline="a line feed behind each record",
                octet="octet counting (RFC 6587)",
            ),
        ),
    ),
    Option(
        "format",
        one_of(FORMATS),
        FormPart(
            DELIVERY, format=word(rfc5424="RFC 5424", logplex="RFC 5424 as Logplex fills it in")
        ),
    ),
    Option(
        "on_lag",
        one_of(ON_LAG),
        FormPart(
            WHEN_BEHIND,
            on_lag=word(
                "What is skipped is counted, and told in the drain's own stream.",
                label="After an outage",
                replay="replay what was missed",
                skip="go on with what is new",
            ),
        ),
    ),
    Option(
        "max_lag_seconds",
        whole_number(lambda: MAX_LAG_SECONDS_MAX),
        FormPart(
            WHEN_BEHIND,
            max_lag_seconds=number(
                f"In seconds: 86400 is a day; {MAX_LAG_SECONDS_MAX}, 30 days, is the most.",
                label="Replay at most",
            ),
        ),
    ),
    Option(
        "connections",
        whole_number(lambda: int(settings.MAX_SYSLOG_CONNECTIONS)),
        FormPart(
            DELIVERY,
            connections=number(
                "Of each worker. One tag's lines keep to one connection, and so their order."
            ),
        ),
    ),
    Option("filter", line_filter, FilterPart(), show=_filter_json),
    Option(
        "headers", header_pairs, HeadersPart(), show=dict, keep=dict, load=_pairs, is_secret=True
    ),
    Option("tls", tls_members, TlsPart(), show=_tls_json, is_secret=True),
)

OPTIONS = {option.name: option for option in _ROWS}
"""All of them, by name."""

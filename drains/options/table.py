"""THE TABLE of a drain's options, in the order in which answers show them.

A new option is a field of `DrainOptions`, which has its type and its default, and a row here. It
needs no migration: see `stored.py`. Rules between options and the URL are those of `rules.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from django import forms
from django.conf import settings

from drains.filters import LineFilter
from drains.option_values import DEFAULTS, FORMATS, FRAMINGS, ON_LAG, TlsOptions
from drains.options import form, masks, readers
from drains.transports import HTTP, RECORD_BYTES_MAX, RECORD_BYTES_MIN

MAX_LAG_SECONDS_MAX = 30 * 24 * 3600


def _as_it_is(value: Any) -> Any:
    return value


class Option(NamedTuple):
    """What one option is to everybody who handles all of them."""

    name: str
    read: readers.Reader
    """JSON of a request → its plain value, or the fault."""
    form: form.FormPart
    """What the admin asks for it."""
    show: Callable[[Any], Any] = _as_it_is
    """Its plain value → JSON of an answer."""
    keep: Callable[[Any], Any] = _as_it_is
    """Its plain value → what msgspec makes the stored JSON of."""
    load: Callable[[Any], Any] = _as_it_is
    """The stored JSON → what msgspec makes the plain value of."""
    is_secret: bool = False
    """Stored encrypted."""
    show_masked: Callable[[Any], Any] | None = None
    """In place of `show` for who may not see what is secret."""
    mask: Callable[[Any], Any] | None = None
    """Its plain value → JSON for the record of changes; None: as in an answer."""

    @property
    def default(self) -> Any:
        """Its plain value where nothing is chosen."""
        return getattr(DEFAULTS, self.name)

    def told(self, value: Any) -> Any:
        """Its plain value → JSON without secrets."""
        return (self.mask or self.show)(value)


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


def _one_field(
    name: str, read: readers.Reader, section: form.Section, field: forms.Field
) -> Option:
    return Option(name, read, form.FormPart(section, **{name: field}))


_ROWS = (
    _one_field(
        "framing",
        readers.one_of(FRAMINGS),
        form.DELIVERY,
        form.word(
            {"newline": "a line feed behind each record", "octet": "octet counting (RFC 6587)"},
            help_text="On TCP and TLS. HTTP always counts octets; over UDP a datagram is a record.",
        ),
    ),
    _one_field(
        "format",
        readers.one_of(FORMATS),
        form.DELIVERY,
        form.word({"rfc5424": "RFC 5424", "logplex": "RFC 5424 as Logplex fills it in"}),
    ),
    _one_field(
        "on_lag",
        readers.one_of(ON_LAG),
        form.WHEN_BEHIND,
        form.word(
            {"replay": "replay what was missed", "skip": "go on with what is new"},
            label="After an outage",
            help_text="What is skipped is counted, and told in the drain's own stream.",
        ),
    ),
    _one_field(
        "max_lag_seconds",
        readers.whole_number(lambda: MAX_LAG_SECONDS_MAX),
        form.WHEN_BEHIND,
        forms.IntegerField(
            label="Replay at most",
            required=False,
            help_text=f"In seconds: 86400 is a day; {MAX_LAG_SECONDS_MAX}, 30 days, is the most.",
        ),
    ),
    _one_field(
        "connections",
        readers.whole_number(lambda: int(settings.MAX_SYSLOG_CONNECTIONS)),
        form.DELIVERY,
        forms.IntegerField(
            required=False,
            help_text="Of each worker. Empty: one, and for HTTP up to "
            f"{HTTP.connections_when_full} while one is too few. One tag's lines keep to one"
            " connection, and so their order.",
        ),
    ),
    _one_field(
        "max_record_bytes",
        readers.whole_number(lambda: RECORD_BYTES_MAX, RECORD_BYTES_MIN),
        form.DELIVERY,
        forms.IntegerField(
            label="Longest record",
            required=False,
            help_text=f"In bytes, {RECORD_BYTES_MIN} to {RECORD_BYTES_MAX}, for receivers that take"
            " no longer ones. What is longer is cut, and counted.",
        ),
    ),
    Option("filter", readers.line_filter, form.FilterPart(), _filter_json),
    Option(
        "headers",
        readers.header_pairs,
        form.HeadersPart(),
        dict,
        dict,
        _pairs,
        is_secret=True,
        show_masked=masks.headers,
        mask=masks.headers,
    ),
    Option("tls", readers.tls_members, form.TlsPart(), _tls_json, is_secret=True, mask=masks.tls),
)

OPTIONS = {option.name: option for option in _ROWS}
"""All of them, by name."""

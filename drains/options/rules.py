"""What options a drain may have: alone, together, and with its URL. null stands for a default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

from drains.destination import Destination
from drains.errors import InvalidDrainError
from drains.filters import EVERYTHING, LineFilter
from drains.option_values import NO_TLS_OPTIONS, DrainOptions, TlsOptions
from drains.options import pem
from drains.options.table import OPTIONS
from drains.pattern_cost import why_too_slow

Changes = Mapping[str, object]
"""Options by name, as JSON gives them."""
Options = Mapping[str, Any]
"""The same, checked: plain values; of `tls` the members that are given."""

_NO_TLS = {field.name: "" for field in fields(TlsOptions)}


def checked(changes: Changes) -> Options:
    """Each alone. Raises InvalidDrainError for all that are wrong."""
    wanted: dict[str, Any] = {}
    faults: list[tuple[str, str]] = []
    for name, value in changes.items():
        try:
            wanted[name] = _default(name) if value is None else OPTIONS[name].read(name, value)
        except InvalidDrainError as error:
            faults += error.faults
    if faults:
        raise InvalidDrainError.of_all(faults)
    return wanted


def together(wanted: Options, stored: Callable[[str], Any]) -> DrainOptions:
    """`stored` gives what an option is so far: asked only for what stays. Raises as `checked`."""
    values = {name: stored(name) for name in OPTIONS if name not in wanted}
    values.update(wanted)
    if "tls" in wanted:
        values["tls"] = _merged_tls(wanted["tls"], stored)
    return DrainOptions(**values)


def refuse_slow_patterns(wanted: Options, stored: LineFilter) -> None:
    """Those that take too long a line; ones that are `stored` stay, held to their owner's share.
    Raises InvalidDrainError."""
    chosen: LineFilter = wanted.get("filter", EVERYTHING)
    known = {"", stored.include, stored.exclude}
    patterns = {"include": chosen.include, "exclude": chosen.exclude}
    new = {name: pattern for name, pattern in patterns.items() if pattern not in known}
    faults = [(f"filter.{name}", why_too_slow(pattern)) for name, pattern in new.items()]
    if found := [(field, why) for field, why in faults if why]:
        raise InvalidDrainError.of_all(found)


def refuse_misfits(options: DrainOptions, destination: Destination) -> None:
    """What a URL of this kind has no use for. Raises InvalidDrainError."""
    transport = destination.transport
    if options.framing == "octet" and transport.framing == "datagram":
        raise InvalidDrainError("framing", "on syslog+udp a datagram is a record: must be newline")
    if options.headers and transport.framing != "request":
        raise InvalidDrainError("headers", "only http and https URLs can have them")
    if options.tls != NO_TLS_OPTIONS and not transport.has_tls:
        raise InvalidDrainError("tls", "only syslog+tls and https URLs can have it")
    if destination.username or destination.password:
        for name, _ in options.headers:
            if name.lower() == "authorization":
                why = "the URL has a user or a password, which are sent as this header"
                raise InvalidDrainError(f"headers.{name}", why)


def _default(name: str) -> Any:
    return _NO_TLS if name == "tls" else OPTIONS[name].default


def _merged_tls(given: Mapping[str, str], stored: Callable[[str], Any]) -> TlsOptions:
    """A member that is not given stays: a key cannot be read back to be given again."""
    so_far = NO_TLS_OPTIONS if given.keys() == _NO_TLS.keys() else stored("tls")
    merged: TlsOptions = replace(so_far, **given)
    if merged.certificate and not merged.key:
        raise InvalidDrainError("tls.key", "is missing: a certificate needs its key")
    if merged.key and not merged.certificate:
        raise InvalidDrainError("tls.certificate", "is missing: a key needs its certificate")
    if merged.key and not pem.belong_together(merged.certificate, merged.key):
        raise InvalidDrainError("tls.key", "does not belong to the first certificate")
    if merged.ca or merged.certificate:
        _refuse_out_of_date(merged, _held(stored))
    try:
        pem.refuse_unusable(merged)
    except ValueError as error:
        raise InvalidDrainError("tls", str(error)) from None
    return merged


def _held(stored: Callable[[str], Any]) -> TlsOptions:
    """None where nobody can read it."""
    with suppress(InvalidDrainError):
        found: TlsOptions = stored("tls")
        return found
    return NO_TLS_OPTIONS


def _refuse_out_of_date(merged: TlsOptions, so_far: TlsOptions) -> None:
    """What is given anew: what stands there may have expired since, and other options change."""
    now = datetime.now(UTC)
    checks = {"ca": pem.refuse_all_out_of_date, "certificate": pem.refuse_out_of_date}
    for name, refuse in checks.items():
        given = getattr(merged, name)
        if given and given != getattr(so_far, name):
            try:
                refuse(given, now)
            except ValueError as error:
                raise InvalidDrainError(f"tls.{name}", str(error)) from None

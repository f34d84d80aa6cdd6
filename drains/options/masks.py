"""What of a secret option may be told to anybody: enough to see that it is another."""

from __future__ import annotations

from collections.abc import Iterable

from drains.option_values import TlsOptions
from drains.options import pem
from drains.url_text import REDACTED


def headers(value: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Their names."""
    return {name: REDACTED for name, _ in value}


def tls(value: TlsOptions) -> dict[str, str]:
    """Of certificates who has them, until when, and a fingerprint; that there is a key."""
    told = {"ca": _certificate(value.ca), "certificate": _certificate(value.certificate)}
    told["key"] = "set" if value.key else ""
    return {name: text for name, text in told.items() if text}


def _certificate(text: str) -> str:
    try:
        return f"{pem.described(text)}, SHA-256 {pem.fingerprint(text)}" if text else ""
    except ValueError:  # an older version has taken it
        return "set; it cannot be read"

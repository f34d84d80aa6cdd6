"""Options as they lie in a drain's row: those that are not the defaults, in one JSON object.

What is secret in it is encrypted, each option apart: a drain whose key is lost keeps the others,
and for one without secrets a worker decrypts nothing.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
from django.db import models

from drains.fields import Encrypted, UndecryptableError, encrypted
from drains.option_values import DEFAULTS, DrainOptions
from drains.options.pem import ends_at
from drains.options.table import OPTIONS, Option


class StoredOptions(models.Model):
    """The column that holds all options of a drain, so that a new one needs no migration."""

    stored_options = models.TextField(default="", blank=True, editable=False)
    """Empty when all are the defaults."""
    certificate_ends_at = models.DateTimeField(null=True, editable=False, db_index=True)
    """Of the drain's own, which it shows its receiver; empty: it has none, or nobody knows."""

    class Meta:
        abstract = True

    @property
    def options(self) -> DrainOptions:
        """Raises UndecryptableError, or ValueError for what cannot be used any more."""
        return _read(self._kept()) if self.stored_options else DEFAULTS

    def option(self, name: str) -> Any:
        """One of them. Raises as `options`."""
        kept = self._kept()
        return getattr(_read({name: kept[name]} if name in kept else {}), name)

    @property
    def shown_options(self) -> DrainOptions:
        """The same for people: defaults where nobody can read what is stored any more."""
        with suppress(UndecryptableError, ValueError):
            return self.options
        values = {}
        for name in OPTIONS:
            with suppress(UndecryptableError, ValueError):
                values[name] = self.option(name)
        return DrainOptions(**values)

    def set_options(self, options: DrainOptions) -> None:
        """What a newer version has stored beside them, as during an upgrade, stays."""
        kept = {}
        with suppress(ValueError):
            kept = {name: value for name, value in self._kept().items() if name not in OPTIONS}
        for name, option in OPTIONS.items():
            value = getattr(options, name)
            if value != option.default:
                kept[name] = _packed(option, value)
        self.stored_options = _json(kept) if kept else ""
        certificate = options.tls.certificate
        self.certificate_ends_at = ends_at(certificate) if certificate else None

    def renew_secrets(self) -> None:
        """Encrypted under the newest key. Raises UndecryptableError, or ValueError."""
        kept = self._kept()
        secret = [name for name in kept if _is_secret(name)]
        if secret:
            kept |= {name: str(Encrypted(kept[name]).renewed()) for name in secret}
            self.stored_options = _json(kept)

    def _kept(self) -> dict[str, Any]:
        return _kept_in(self.stored_options)


def secrets_in(stored_options: str) -> list[Encrypted]:
    """What of the column is encrypted. Raises ValueError."""
    kept = _kept_in(stored_options)
    return [Encrypted(value) for name, value in kept.items() if _is_secret(name)]


def _kept_in(stored_options: str) -> dict[str, Any]:
    return msgspec.json.decode(stored_options or "{}", type=dict[str, Any])


def _is_secret(name: str) -> bool:
    return name in OPTIONS and OPTIONS[name].is_secret


def _read(kept: dict[str, Any]) -> DrainOptions:
    known = {name: _unpacked(OPTIONS[name], kept[name]) for name in OPTIONS if name in kept}
    return msgspec.convert(known, DrainOptions)


def _packed(option: Option, value: Any) -> Any:
    plain = msgspec.to_builtins(option.keep(value), order="sorted")
    return encrypted(_json(plain)) if option.is_secret else plain


def _unpacked(option: Option, kept: Any) -> Any:
    if option.is_secret:
        kept = msgspec.json.decode(Encrypted(kept).reveal())
    return option.load(kept)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()

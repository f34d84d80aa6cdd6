"""Options as they lie in a drain's row. What is secret in them is encrypted."""

from __future__ import annotations

from typing import Any

import msgspec
from django.db import models

from drains.fields import EncryptedTextField, UndecryptableError, revealed
from drains.filters import LineFilter
from drains.option_values import DEFAULTS, NO_TLS_OPTIONS, DrainOptions, TlsOptions
from drains.options.rules import OPTION_NAMES

_WORD_CHARACTERS_MAX = 16


class OptionColumns(models.Model):
    framing = models.CharField(max_length=_WORD_CHARACTERS_MAX, default=DEFAULTS.framing)
    format = models.CharField(max_length=_WORD_CHARACTERS_MAX, default=DEFAULTS.format)
    on_lag = models.CharField(max_length=_WORD_CHARACTERS_MAX, default=DEFAULTS.on_lag)
    max_lag_seconds = models.PositiveIntegerField(default=DEFAULTS.max_lag_seconds)
    connections = models.PositiveSmallIntegerField(default=DEFAULTS.connections)
    filter = models.JSONField(default=dict)
    headers = EncryptedTextField(default="", blank=True)
    """JSON: names and values. Empty when there are none."""
    tls = EncryptedTextField(default="", blank=True)
    """JSON: TlsOptions. Empty when there are none."""

    class Meta:
        abstract = True

    @property
    def options(self) -> DrainOptions:
        """Raises UndecryptableError, or ValueError for what cannot be used any more."""
        return DrainOptions(**{name: self.option(name) for name in OPTION_NAMES})

    def option(self, name: str) -> Any:
        """One of them. Raises as `options`."""
        column = getattr(self, name)
        match name:
            case "filter":
                return msgspec.convert(column, LineFilter)
            case "headers":
                text = revealed(column) or "{}"
                return tuple(msgspec.json.decode(text, type=dict[str, str]).items())
            case "tls":
                return msgspec.json.decode(revealed(column) or "{}", type=TlsOptions)
        return column

    def shown(self, name: str) -> Any:
        """The same for people: the default where nobody can read it any more."""
        try:
            return self.option(name)
        except (UndecryptableError, ValueError):
            return getattr(DEFAULTS, name)

    def set_options(self, options: DrainOptions) -> None:
        for name in OPTION_NAMES:
            setattr(self, name, getattr(options, name))
        self.filter = msgspec.to_builtins(options.filter, order="sorted")
        self.headers = _json(dict(options.headers)) if options.headers else ""
        self.tls = _json(options.tls) if options.tls != NO_TLS_OPTIONS else ""


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()

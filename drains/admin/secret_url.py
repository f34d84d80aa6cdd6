"""A field for a URL, which is not sent back with what is secret in it."""

from __future__ import annotations

from typing import Any

from django import forms

from drains.destination import Destination


class SecretUrlInput(forms.TextInput):
    """Comes back empty where something in it may be secret, as a password does."""

    def __init__(self) -> None:
        super().__init__({"size": 80, "autocomplete": "off", "spellcheck": "false"})

    def hides(self, text: str | None) -> bool:
        """Of one that is no URL nobody knows where its secrets are."""
        if not text:
            return False
        try:
            return bool(Destination.parse(text).secrets)
        except ValueError:
            return not _is_bare(text)

    def format_value(self, value: Any) -> Any:
        return None if self.hides(value) else super().format_value(value)


def _is_bare(text: str) -> bool:
    """A scheme, and no more than letters, digits, dots and a port behind it."""
    rest = text.partition("://")[2] or text
    return all(each.isalnum() or each in ".:-[]" for each in rest.removesuffix("/"))

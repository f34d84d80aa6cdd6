"""Text that only this installation can read: encrypted in the database, plain in Python."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class UndecryptableError(Exception):
    """The value was encrypted under a key that FIELD_ENCRYPTION_KEYS no longer has."""


class Encrypted(str):
    """What the database holds of an encrypted field. `reveal` gives the text."""

    __slots__ = ()

    def reveal(self) -> str:
        """Raises UndecryptableError."""
        try:
            return _cipher().decrypt(self.encode()).decode()
        except InvalidToken:
            raise UndecryptableError("FIELD_ENCRYPTION_KEYS lacks the key") from None


class EncryptedTextField(models.TextField):
    """Takes plain text; gives `Encrypted`, so that one row nobody can read fails alone.

    Written under the newest key, read under any. Nothing stays nothing.
    """

    def get_prep_value(self, value: Any) -> Any:
        if not value or isinstance(value, Encrypted):
            return value
        return encrypted(str(value))

    def from_db_value(self, value: Any, *_: Any) -> Any:
        return Encrypted(value) if value else value


def encrypted(text: str) -> str:
    """Under the newest key."""
    return _cipher().encrypt(text.encode()).decode()


def revealed(value: str) -> str:
    """The text of a field's value, plain or not. Raises UndecryptableError."""
    return value.reveal() if isinstance(value, Encrypted) else value


def _cipher() -> MultiFernet:
    return _cipher_of(*settings.FIELD_ENCRYPTION_KEYS)


@lru_cache
def _cipher_of(*keys: str) -> MultiFernet:
    """Made once: it takes as long as to decrypt twenty values."""
    return MultiFernet([Fernet(key) for key in keys])

"""Text that only this installation can read: encrypted in the database, plain in Python."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode
from functools import lru_cache
from typing import Any, Self

from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.conf import settings
from django.db import models

from events.derived_keys import derived_key

LOST_KEY = "FIELD_ENCRYPTION_KEYS lacks the key"


class UndecryptableError(Exception):
    """The value was encrypted under a key that FIELD_ENCRYPTION_KEYS no longer has."""


class Encrypted(str):
    """What the database holds of an encrypted field. `reveal` gives the text."""

    __slots__ = ()

    def reveal(self) -> str:
        """Raises UndecryptableError."""
        for cipher in _ciphers():
            try:
                return cipher.decrypt(self.encode()).decode()
            except InvalidToken:
                continue
        raise UndecryptableError(LOST_KEY)

    @property
    def key_number(self) -> int:
        """Which of FIELD_ENCRYPTION_KEYS it is under, 1 is the newest: what it is signed with says
        so, 5 µs for each key. Raises UndecryptableError."""
        for number, cipher in enumerate(_ciphers(), 1):
            try:
                cipher.extract_timestamp(self.encode())
            except InvalidToken:
                continue
            return number
        raise UndecryptableError(LOST_KEY)

    def renewed(self) -> Self:
        """The same text under the newest key; itself where it is. Raises UndecryptableError."""
        if self.key_number == 1:
            return self
        return type(self)(_ciphers()[0].encrypt(self.reveal().encode()).decode())


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
    """Under the newest key that all processes of the installation have."""
    cipher = Fernet(settings.FORMER_ENCRYPTION_KEY) if _needs_former_key() else _ciphers()[0]
    return cipher.encrypt(text.encode()).decode()


def revealed(value: str) -> str:
    """The text of a field's value, plain or not. Raises UndecryptableError."""
    return value.reveal() if isinstance(value, Encrypted) else value


def digests_of(text: str) -> list[str]:
    """Stand for a text without telling it, 64 characters each: under each key, newest first."""
    keys = _digest_keys_of(*settings.FIELD_ENCRYPTION_KEYS)
    return [hmac.digest(key, text.encode(), hashlib.sha256).hex() for key in keys]


def _needs_former_key() -> bool:
    """Asked of the database each time, as `rotatesecrets` runs in another process; not where keys
    are given."""
    if not settings.FORMER_ENCRYPTION_KEY:
        return False
    installations = apps.get_model("drains", "Installation")._default_manager
    return installations.filter(has_former_key=True).exists()


def _ciphers() -> tuple[Fernet, ...]:
    """Newest first; none in a command that was given no key."""
    return _ciphers_of(*settings.FIELD_ENCRYPTION_KEYS)


# Both made once: it takes as long as to decrypt twenty values.


@lru_cache
def _ciphers_of(*keys: str) -> tuple[Fernet, ...]:
    return tuple(map(Fernet, keys))


@lru_cache
def _digest_keys_of(*keys: str) -> tuple[bytes, ...]:
    return tuple(derived_key(urlsafe_b64decode(key), "digest") for key in keys)

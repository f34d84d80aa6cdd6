"""Why a key cannot be made, or opens nothing any more.

AccessError
├── InvalidKeyError   fields are wrong; says which, and why
├── UnknownKeyError   there is no such key
└── EndedKeyError     it was good: it has expired, or was revoked
"""

from __future__ import annotations

from collections.abc import Mapping

from rest_framework.exceptions import AuthenticationFailed


class AccessError(Exception):
    pass


class InvalidKeyError(AccessError):
    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {why}" for field, why in faults.items()))
        self.faults = faults
        """Why each field is wrong."""


class UnknownKeyError(AccessError):
    def __init__(self, prefix: str) -> None:
        super().__init__(f"there is no key {prefix[:40]!r}: `apikeys list` shows them")


class EndedKeyError(AccessError):
    """Its text is for who holds the key, and nobody else."""


class EndedKeyFailed(AuthenticationFailed):
    """That, as the API's answer."""

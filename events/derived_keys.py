"""Keys made from another secret, one for each use: who learns of one learns nothing of the rest."""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32


def derived_key(secret: bytes, label: str) -> bytes:
    """HKDF-SHA256 (RFC 5869); `label` is the use, and no other use has it."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"logshuttle {label}".encode()).derive(secret)

"""TLS 1.3 records as a receiver may write them that no library would, over a connection of ssl's.

The keys come from what ssl logs of the handshake; from then on nobody but `Records` may write.
"""

from __future__ import annotations

import hmac
import ssl
import struct
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_APPLICATION_DATA, _HANDSHAKE = 23, 22
_KEY_UPDATE, _NEW_SESSION_TICKET = 24, 4
_NOT_REQUESTED, _REQUESTED = 0, 1
_TRAFFIC_SECRET = "SERVER_TRAFFIC_SECRET_0"


def context_of(orders: dict[str, Any], key_log: Path) -> ssl.SSLContext:
    """For one connection: its secrets go into the file `key_log`. `orders` as listener.py has
    them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(orders["chain"], orders["key"])
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0  # they would be records that `Records` knows nothing of
    context.keylog_filename = str(key_log)
    return context


class Records:
    """What the receiver writes, encrypted; each call continues where the last one ended."""

    def __init__(self, key_log: Path, cipher: str) -> None:
        """`cipher`: its name, such as TLS_AES_256_GCM_SHA384."""
        lines = [line.split() for line in key_log.read_text().splitlines()]
        (secret,) = (words[2] for words in lines if words[0] == _TRAFFIC_SECRET)
        self._hash = cipher.rpartition("_")[2].lower()
        self._key_bytes = 32 if "AES_256" in cipher else 16
        self._use(bytes.fromhex(secret))

    def key_updates(self, count: int, *, requested: bool = False) -> bytes:
        """Each a record of 27 bytes, which makes the other side derive new keys."""
        asks = _REQUESTED if requested else _NOT_REQUESTED
        made = bytearray()
        for _ in range(count):
            made += self._record(_HANDSHAKE, bytes([_KEY_UPDATE, 0, 0, 1, asks]))
            self._use(self._expand(self._secret, b"traffic upd", len(self._secret)))
        return bytes(made)

    def tickets(self, count: int) -> bytes:
        """Each a record of 40 bytes, which makes the other side keep a session."""
        body = struct.pack("!IIBBH", 7200, 0, 1, 0, 1) + b"t" + struct.pack("!H", 0)
        message = bytes([_NEW_SESSION_TICKET]) + len(body).to_bytes(3, "big") + body
        return b"".join(self._record(_HANDSHAKE, message) for _ in range(count))

    def text(self, data: bytes, size: int = 16384) -> bytes:
        """In records of so many bytes."""
        pieces = (data[begin : begin + size] for begin in range(0, len(data), size))
        return b"".join(self._record(_APPLICATION_DATA, piece) for piece in pieces)

    def _use(self, secret: bytes) -> None:
        self._secret = secret
        self._key = AESGCM(self._expand(secret, b"key", self._key_bytes))
        self._iv = int.from_bytes(self._expand(secret, b"iv", 12), "big")
        self._number = 0

    def _record(self, kind: int, data: bytes) -> bytes:
        inner = data + bytes([kind])
        header = struct.pack("!BHH", _APPLICATION_DATA, 0x0303, len(inner) + 16)
        nonce = (self._iv ^ self._number).to_bytes(12, "big")
        self._number += 1
        return header + self._key.encrypt(nonce, inner, header)

    def _expand(self, secret: bytes, label: bytes, size: int) -> bytes:
        """HKDF-Expand-Label (RFC 8446 section 7.1), of at most one hash."""
        name = b"tls13 " + label
        info = struct.pack("!HB", size, len(name)) + name + b"\0\1"
        return hmac.digest(secret, info, self._hash)[:size]

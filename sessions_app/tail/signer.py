"""Signatures of resume tokens: who reads a session goes on where it has been, and nowhere else.

A token's base says where Kafka's partitions stood. Whoever could make one up would read all that
Kafka still has of an app, and with one of an earlier session what that one showed. So the base is
signed for its session; the rest of a token only says how many lines behind the base were seen.
"""

from __future__ import annotations

import hmac
import secrets
from binascii import hexlify
from collections.abc import Iterable, Sequence
from hashlib import blake2b

SIGNATURE_BYTES = 10
UNSIGNED = secrets.token_hex(SIGNATURE_BYTES)
"""Stands for the signature in what is made once for the viewers of all sessions. Nobody can log it,
as nobody was ever sent it."""


class Signer:
    """Of one session, by its name, and of the topics that are read for it: a place in some topics
    is none in others, which a filter has left out. `keys`: the first one signs, all are believed.

    Each reader's lines are signed in each write. Keyed BLAKE2 (RFC 7693 section 2.9) is a MAC as
    HMAC is, for a quarter of its time.
    """

    def __init__(self, keys: Sequence[bytes], session: str, topics: Iterable[str]) -> None:
        context = " ".join([session, *sorted(topics)]).encode()
        made = [hmac.digest(key, context, "sha256") for key in keys]
        self._keyed = [blake2b(key=key, digest_size=SIGNATURE_BYTES) for key in made]

    def signature(self, base: bytes) -> bytes:
        return _signature(self._keyed[0], base)

    def signed(self, base: str) -> str:
        return f"{base}.{self.signature(base.encode()).decode()}"

    def has_signed(self, base: str, signature: str) -> bool:
        text, given = base.encode(errors="replace"), signature.encode(errors="replace")
        return any(hmac.compare_digest(_signature(keyed, text), given) for keyed in self._keyed)


def _signature(keyed: blake2b, text: bytes) -> bytes:
    mac = keyed.copy()
    mac.update(text)
    return hexlify(mac.digest())

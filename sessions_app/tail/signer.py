"""Signatures of resume tokens: who reads a session goes on where it has been, and nowhere else.

A token's base says where Kafka's partitions stood. Whoever could make one up would read all that
Kafka still has of an app, and with one of an earlier session what that one showed. So the base is
signed for its session; the rest of a token only says how many lines behind the base were seen.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence

SIGNATURE_BYTES = 12
UNSIGNED = secrets.token_urlsafe(SIGNATURE_BYTES)
"""Stands for the signature in what is made once for the viewers of all sessions. Nobody can log it,
as nobody was ever sent it."""


class Signer:
    """Of one session, by its name, and of the topics that are read for it: a place in some topics
    is none in others, which a filter has left out. `keys`: the first one signs, all are believed.
    """

    def __init__(self, keys: Sequence[bytes], session: str, topics: Iterable[str]) -> None:
        context = " ".join([session, *sorted(topics)]).encode()
        self._keys = [hmac.digest(key, context, "sha256") for key in keys]

    def signature(self, base: str) -> str:
        return _signature(self._keys[0], base)

    def has_signed(self, base: str, signature: str) -> bool:
        given = signature.encode(errors="replace")
        return any(hmac.compare_digest(_signature(key, base).encode(), given) for key in self._keys)


def _signature(key: bytes, base: str) -> str:
    digest = hmac.digest(key, base.encode(errors="replace"), "sha256")
    return urlsafe_b64encode(digest[:SIGNATURE_BYTES]).decode()

"""What a peer has of the Envoy receiver: so many streams, and one turn of the loop at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote

from events.addresses import peer_of


class ShareError(Exception):
    """It has as many streams as it may have."""


@dataclass(slots=True)
class _Share:
    streams: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Shares:
    def __init__(self, streams_of_a_peer: int) -> None:
        self.streams_of_a_peer = streams_of_a_peer
        self._shares: dict[str, _Share] = {}
        """Of peers with a stream."""

    @contextmanager
    def taken(self, peer: str) -> Iterator[asyncio.Lock]:
        """Gives the turn that all streams of a peer have together. Raises ShareError."""
        share = self._shares.setdefault(peer, _Share())
        if share.streams >= self.streams_of_a_peer:
            raise ShareError
        share.streams += 1
        try:
            yield share.turn
        finally:
            share.streams -= 1
            if not share.streams:
                del self._shares[peer]


def peer_of_call(text: str) -> str:
    """Who it is for gRPC: `ipv4:127.0.0.1:4711`, `ipv6:%5B::1%5D:4711`."""
    address, _, _ = unquote(text).partition(":")[2].rpartition(":")
    return peer_of(address.strip("[]"))

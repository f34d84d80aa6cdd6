"""Who a peer is: made right once, before all else, in the scope of each request and WebSocket.

Behind this, `scope["client"]` and `request.META["REMOTE_ADDR"]` are the client's own address, and
the scheme and the Host header those by which it came to the front door, if that is one of
TRUSTED_PROXIES; what others say of that is nobody's word. Nothing behind this sees the headers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from ipaddress import ip_network
from typing import Any

from events.addresses import address_of
from logshuttle_site.forwarded import Said, agreed, forwarded_headers
from logshuttle_site.hosts import is_host

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]

_SCHEMES = {
    "http": {"http": "http", "https": "https"},
    "websocket": {"http": "ws", "https": "wss"},
}


class TrustedProxies:
    """The addresses of front doors. `address in` it, for any text."""

    def __init__(self, cidrs: Iterable[str]) -> None:
        self._networks = [ip_network(cidr) for cidr in cidrs]

    def __contains__(self, text: object) -> bool:
        address = address_of(str(text)) if self._networks else None
        return address is not None and any(address in network for network in self._networks)

    def __bool__(self) -> bool:
        return bool(self._networks)


class Peers:
    """ASGI middleware around all that asks who somebody is."""

    def __init__(self, application: Callable[..., Any], trusted: TrustedProxies) -> None:
        self._application = application
        self._trusted = trusted
        self._complaints: set[str] = set()
        """Each is for the whole life of the process, and said once."""

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] in _SCHEMES:
            scope = self._as_it_came(scope)
        await self._application(scope, receive, send)

    def _as_it_came(self, scope: Scope) -> Scope:
        forwarded = forwarded_headers(scope["headers"])
        # What another server is told by a header that moves the root, or by its command line.
        own = {**scope, "root_path": ""}
        if not forwarded:
            return own
        own["headers"] = [(n, value) for n, value in scope["headers"] if n not in forwarded]
        address = str((scope.get("client") or [""])[0])
        if address in self._trusted:
            _tell(own, self._agreed(address, forwarded))
        else:
            self._say_that_it_counts_for_nothing(address)
        return own

    def _agreed(self, peer: str, headers: Mapping[bytes, str]) -> Said:
        said, in_all = agreed(headers, peer, self._trusted)
        if not in_all:
            self._say_once(
                "Forwarded and X-Forwarded-… from the front door %s differ: neither counts."
                " Have it remove the one that it does not write.",
                peer,
            )
        return said

    def _say_that_it_counts_for_nothing(self, address: str) -> None:
        which = "does not have this address" if self._trusted else "is not set"
        self._say_once(
            f"X-Forwarded-For or the like came from %s, and TRUSTED_PROXIES {which}: it counts for"
            " nothing. If that is a front door, all its clients are one peer, with one's limits.",
            address or "nowhere",
        )

    def _say_once(self, complaint: str, address: str) -> None:
        if complaint not in self._complaints:
            self._complaints.add(complaint)
            logger.warning(complaint, address, extra={"action": "front_door"})


def _tell(scope: Scope, said: Said) -> None:
    """Port 0: of the client's own nothing is known."""
    if said.address:
        scope["client"] = [said.address, 0]
    if said.scheme:
        scope["scheme"] = _SCHEMES[scope["type"]][said.scheme]
    if said.host and is_host(said.host):
        headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
        scope["headers"] = [(b"host", said.host.encode("ascii")), *headers]

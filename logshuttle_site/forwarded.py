"""What front doors say of a request in X-Forwarded-For, -Proto, -Host and in Forwarded (RFC 7239).

Anybody can send these headers. A front door adds the address of who came to it at the right end,
so they are read from there, through those whom we trust: the first one behind them is the client.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import NamedTuple

from events.addresses import address_of

HOPS_MAX = 32
"""Front doors in a row that are looked through: who writes more, writes them himself."""
_FORWARDED_BYTES_MAX = 2048

_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_ADDRESS_AND_PORT = re.compile(r"\[([^\]]+)\](?::\d+)?|([\d.]+):\d+", re.ASCII)
_PAIR = re.compile(r'\s*([\w!#$%&\'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*))\s*', re.ASCII)


class Said(NamedTuple):
    """None: nothing is said of it. `address`: of the client; `scheme`: http or https."""

    address: str | None = None
    scheme: str | None = None
    host: str | None = None


def forwarded_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, str]:
    """By name, lines of one name joined by commas. `headers`: their names in lower case."""
    found: dict[bytes, str] = {}
    for name, value in headers:
        if name.startswith(b"x-forwarded-") or name in (b"forwarded", b"x-real-ip"):
            text = value.decode("latin-1")
            found[name] = f"{found[name]},{text}" if name in found else text
    return found


def agreed(headers: Mapping[bytes, str], peer: str, trusted: Container[str]) -> tuple[Said, bool]:
    """And whether both agree in all. Most front doors write one of the two and hand on what a
    client has put into the other. Nobody knows which: where they differ, neither counts."""
    one = said_in_x_forwarded(headers, peer, trusted)
    other = said_in_forwarded(headers, peer, trusted)
    pairs = list(zip(one, other, strict=True))
    said = Said(*((a or b) if _agree(a, b) else None for a, b in pairs))
    return said, all(_agree(*pair) for pair in pairs)


def client_of(headers: Iterable[tuple[bytes, bytes]], peer: str, trusted: Container[str]) -> str:
    """Who came to `peer`, a front door that is trusted: itself where it says nothing of anybody, as
    of its own health checks; empty where what is said names nobody, since whoever forges that must
    not count as the front door."""
    forwarded = forwarded_headers(headers)
    if not forwarded:
        return peer
    said, _ = agreed(forwarded, peer, trusted)
    return said.address if said.address and said.address != peer else ""


def said_in_x_forwarded(headers: Mapping[bytes, str], peer: str, trusted: Container[str]) -> Said:
    """`headers`: the lines of one name joined by commas. `peer`: a front door that is trusted."""
    addresses = headers.get(b"x-forwarded-for")
    hops = [] if addresses is None else addresses.rsplit(",", HOPS_MAX)
    return Said(
        None if addresses is None else _client_behind(peer, reversed(hops), trusted),
        _SCHEMES.get(_last_of(headers.get(b"x-forwarded-proto", "")).lower()),
        _last_of(headers.get(b"x-forwarded-host", "")) or None,
    )


def said_in_forwarded(headers: Mapping[bytes, str], peer: str, trusted: Container[str]) -> Said:
    """Scheme and host are those of the element that names the client. What cannot be read agrees
    with nothing: who comes to a front door that adds to it must not make it silent."""
    elements = _elements_of(headers.get(b"forwarded", ""))
    if elements is None:
        return Said(peer, "", "")
    met: list[Mapping[str, str]] = []

    def hops() -> Iterator[str]:
        for element in reversed(elements[-HOPS_MAX - 1 :]):
            met.append(element)
            yield element.get("for", peer)

    client = _client_behind(peer, hops(), trusted)
    last = met[-1] if met else {}
    return Said(
        client if any("for" in element for element in met) else None,
        _SCHEMES.get(last.get("proto", "").lower()),
        last.get("host") or None,
    )


def _client_behind(peer: str, hops: Iterable[str], trusted: Container[str]) -> str:
    """The first of `hops`, from the right, that is not trusted. Where one is no address, nobody
    knows what is behind it; where all are trusted it is the last one."""
    client = peer
    for hop in hops:
        found = _ADDRESS_AND_PORT.fullmatch(hop.strip())
        address = address_of((found[1] or found[2]) if found else hop.strip())
        if address is None:
            break
        client = str(address)
        if client not in trusted:
            break
    return client


def _agree(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one.lower() == other.lower()


def _last_of(values: str) -> str:
    return values.rpartition(",")[2].strip()


def _elements_of(value: str) -> list[Mapping[str, str]] | None:
    """`name=value` pairs of each element; None for what is not as RFC 7239 has it."""
    if len(value) > _FORWARDED_BYTES_MAX:
        return None
    elements: list[dict[str, str]] = [{}]
    at = 0
    while at < len(value):
        pair = _PAIR.match(value, at)
        if pair is None:
            return None
        quoted, plain = pair[2], pair[3]
        elements[-1][pair[1].lower()] = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        at = pair.end()
        if value[at : at + 1] == ",":
            elements.append({})
        elif at < len(value) and value[at] != ";":
            return None
        at += 1
    return [element for element in elements if element]

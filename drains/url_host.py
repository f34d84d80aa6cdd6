"""The host of a drain's URL: a name, or an address in its one form, however it was spelt."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import SplitResult

_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?", re.ASCII)
_CHARACTERS_MAX = 253
# urlsplit takes what is in the brackets, whatever stands around them.
_BRACKETED = re.compile(r"\[[^\[\]]*\](:[^\[\]]*)?")
_NUMBER = r"(?:0x[0-9a-f]*|[0-9]+)"
# No name of the DNS is all numbers, while name servers and C libraries disagree on what these mean.
_ALL_NUMBERS = re.compile(rf"{_NUMBER}(?:\.{_NUMBER})*\.?", re.ASCII)
_NO_ADDRESS = "the URL's host is not a valid address"


def host_of(parts: SplitResult) -> str:
    """In lower case, an IPv6 address without its brackets. Raises ValueError, in a sentence for
    the drain's owner."""
    host = parts.hostname or ""
    if not host:
        raise ValueError("the URL has no host")
    if "[" in parts.netloc:
        if not _BRACKETED.fullmatch(parts.netloc.rpartition("@")[2]):
            raise ValueError(_NO_ADDRESS)
        return _ipv6(host)
    if len(host) > _CHARACTERS_MAX or not _NAME.fullmatch(host):
        raise ValueError("the URL's host is not a valid name")
    return _ipv4(host.removesuffix(".")) if _ALL_NUMBERS.fullmatch(host) else host


def _ipv6(host: str) -> str:
    try:
        address = IPv6Address(host)
    except ValueError:
        raise ValueError(_NO_ADDRESS) from None
    if address.scope_id is not None:
        raise ValueError("the URL's host must not have a zone")
    return address.compressed


def _ipv4(host: str) -> str:
    """As C reads `127.1`, `0x7f.1`, `017700000001` or `2130706433`: the last number fills what is
    left of four bytes."""
    *first, last = (_number(word) for word in host.split("."))
    left = 4 - len(first)
    if left < 1 or any(number > 255 for number in first) or last >= 256**left:
        raise ValueError(_NO_ADDRESS)
    return str(IPv4Address(bytes(first) + last.to_bytes(left)))


def _number(word: str) -> int:
    """Hexadecimal behind 0x, octal behind 0."""
    if word.startswith("0x"):
        return int(word[2:] or "0", 16)
    try:
        return int(word, 8 if word.startswith("0") else 10)
    except ValueError:  # an 8 or a 9 behind a 0
        raise ValueError(_NO_ADDRESS) from None

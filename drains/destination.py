"""Where a drain's lines go: a URL, read and checked once. Prints itself without its secrets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from urllib.parse import SplitResult, unquote, urlsplit

from drains.transports import OTHER_WORDS, SCHEMES, TCP, Transport
from drains.url_host import host_of
from drains.url_masks import keys_in, masked, masked_path
from drains.url_text import REDACTED, refuse_cut_password, refuse_odd_text, reserved_hint


@dataclass(frozen=True, slots=True, repr=False)
class Destination:
    scheme: str
    """The transport's."""
    host: str
    """Lower case; an IPv6 address without its brackets."""
    port: int
    path: str = ""
    query: str = ""
    username: str = ""
    """Percent-decoded, as is the password."""
    password: str = ""

    @classmethod
    def parse(cls, url: str) -> Destination:
        """Raises ValueError, in a sentence for the drain's owner that repeats no secret."""
        refuse_odd_text(url)
        try:
            return cls._parse(url)
        except ValueError as error:
            raise ValueError(f"{error}{reserved_hint(url)}") from None

    @classmethod
    def _parse(cls, url: str) -> Destination:
        parts = _split(url)
        transport = _transport_of(parts.scheme)
        if "#" in url:
            raise ValueError("the URL must not have a #fragment")
        made = cls(transport.scheme, host_of(parts), _port_of(parts, transport.default_port))
        if transport.has_path:
            refuse_cut_password(url)
            return made._with_path(parts)
        if parts.path not in ("", "/") or "?" in url:
            raise ValueError("a syslog URL must end after its port")
        if "@" in parts.netloc:
            raise ValueError("a syslog URL must not have a user or a password")
        return made

    @property
    def address(self) -> tuple[str, int]:
        """Drains with the same fail, and are answered again, together."""
        return self.host, self.port

    @property
    def transport(self) -> Transport:
        return SCHEMES[self.scheme]

    @property
    def canonical(self) -> tuple[str, ...]:
        """The same for two URLs that mean the same. Holds the password."""
        path = self.path or ("/" if self.transport.has_path else "")
        return (self.scheme, self.host, str(self.port), path, self.query, *self._credentials)

    @property
    def redacted(self) -> str:
        """The URL without its password, or without its user where there is no password, without
        the keys in its path, and without what its query asks for."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        user = f"{masked(self.username)}:{REDACTED}@" if self.password else ""
        if self.username and not self.password:
            user = f"{REDACTED}@"
        query = f"?{REDACTED}" if self.query else ""
        return f"{self.scheme}://{user}{host}:{self.port}{masked_path(self.path)}{query}"

    @property
    def secrets(self) -> list[str]:
        """What `redacted` leaves out."""
        asked = [pair.rpartition("=")[2] for pair in self.query.split("&")]
        who = keys_in(self.username) if self.password else [self.username]
        return [text for text in (self.password, *who, *keys_in(self.path), *asked) if text]

    def __str__(self) -> str:
        return self.redacted

    def __repr__(self) -> str:
        return f"Destination({self.redacted!r})"

    @property
    def _credentials(self) -> tuple[str, str]:
        return self.username, self.password

    def _with_path(self, parts: SplitResult) -> Destination:
        username = unquote(parts.username or "")
        if ":" in username:  # RFC 7617 section 2
            raise ValueError("the URL's user name must not contain a colon")
        return replace(
            self,
            path=parts.path,
            query=parts.query,
            username=username,
            password=unquote(parts.password or ""),
        )


NOWHERE = Destination(TCP.scheme, host="", port=0)
"""Of a drain of which nobody can read where it leads: nobody dials it."""


def _transport_of(scheme: str) -> Transport:
    known = SCHEMES.get(scheme)
    if known is None:
        meant = OTHER_WORDS.get(scheme) or next(iter(get_close_matches(scheme, SCHEMES, 1)), "")
        hint = f": {scheme}:// is {meant}:// here" if meant else ""
        raise ValueError(f"the URL's scheme must be one of {', '.join(SCHEMES)}{hint}")
    return known


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:  # a bracket that is not closed, no IPv6 address inside
        raise ValueError("the URL's host is not a valid address") from error


def _port_of(parts: SplitResult, default: int | None) -> int:
    try:
        port = parts.port
    except ValueError:
        raise ValueError("the URL's port must be a number from 1 to 65535") from None
    if port is None:
        port = default
    if port is None:
        raise ValueError("a syslog URL needs a port: syslog://host:port")
    if port == 0:
        raise ValueError("the URL's port must be a number from 1 to 65535")
    return port

"""Whose lines router and build entries are: what they call an app or a site, and its origin.

An origin is one an app or a site, made once and then shared by its lines, however they name it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import compress
from typing import Any, NamedTuple, TypeVar

from events.kept import Kept, Room, bytes_of
from events.keys import DEFAULT_SPACE, AppKey, Key, SiteKey, app_and_process, host_name
from events.lines import Origin, OriginTest, Source
from events.owners import faults_of

ROUTER_TAG = "akkeris/router"

NAME_CHARACTERS_MAX = 1024
"""Of what a line calls an app or a site, with all that stands around it."""

# `gold--worker-my-space`: the app with its process type, and the space where there is one.
_APP_AND_SPACE = re.compile(r"([^-]+(?:--[^-]+)*)(?:-([^-].*))?", re.DOTALL).fullmatch


class Whose(NamedTuple):
    """Who a name stands for."""

    key: Key
    name: str
    """For the line's own pairs: `gold--worker-gs` for lines of the app `gold-gs`."""


Named = tuple[Origin, str]
"""An origin, and its name as in `Whose`. A plain tuple: it is taken apart for every line."""


def app_of(app: str, space: str) -> Whose | None:
    """An app that may be named with a process type; None where a part is empty."""
    plain, _ = app_and_process(app)
    return Whose(AppKey(plain, space), f"{app}-{space}") if plain and space else None


def app_named(text: str) -> Whose | None:
    """`app-space` or `app--type-space`; `app` alone is in the default space."""
    parts = _APP_AND_SPACE(text)
    return app_of(parts[1], parts[2] or DEFAULT_SPACE) if parts else None


def app_of_host(text: str) -> Whose | None:
    """`app-space.domain`; some routers quote it."""
    return app_named(_first_label(text))


def may_name_an_app(host: str, site: str) -> bool:
    """Of what a client asked for: `www.shop.example` would be anybody's app `www`, and a site's own
    name, even `shop-eu.example`, no app at all."""
    parts = _APP_AND_SPACE(_first_label(host))
    return bool(parts and parts[2]) and site_named(host) != site_named(site)


def _first_label(host: str) -> str:
    return host_name(host.strip('"')).partition(".")[0]


def site_named(text: str) -> Whose | None:
    key = SiteKey.named(text.strip('"'))
    return Whose(key, key.site) if key.site else None


class Origins(Kept[Key, Origin]):
    """Made when first asked for."""

    def __init__(self, room: Room, tag: str, source: Source) -> None:
        super().__init__(room)
        self._tag = tag
        self._source = source

    def __missing__(self, key: Key) -> Origin:
        return self.keep(key, Origin(key, self._tag, self._source))

    def size_of(self, _: Key, origin: Origin) -> int:
        return origin.bytes


def wanted_rows(
    wants: OriginTest, origins: Sequence[Origin], *columns: Sequence[Any]
) -> tuple[Any, ...]:
    """These columns, `origins` first, without the rows of origins that nobody wants."""
    every = origins, *columns
    if all(map(wants, set(origins))):
        return every
    wanted = list(map(wants, origins))
    return tuple(list(compress(column, wanted)) for column in every)


NameT = TypeVar("NameT", str, tuple[str, str])


class Names(Kept[NameT, Named | None]):
    """What entries call an app or a site → its origin; None for what `read` makes nobody of, or
    somebody that there cannot be. A name is read once, then remembered; anybody may ask a router
    for any, so those of nobody are not."""

    def __init__(self, room: Room, origins: Origins, read: Callable[[NameT], Whose | None]) -> None:
        super().__init__(room)
        self._origins = origins
        self._read: Callable[[NameT], Whose | None] = read

    def __missing__(self, name: NameT) -> Named | None:
        parts = (name,) if isinstance(name, str) else name
        if sum(map(len, parts)) > NAME_CHARACTERS_MAX:
            return None
        whose = self._read(name)
        if whose is None or faults_of(whose.key._asdict()):
            return None
        return self.keep(name, (self._origins[whose.key], whose.name))

    def size_of(self, name: NameT, named: Named | None) -> int:
        """With its origin, which may have gone from among the others."""
        parts = (name,) if isinstance(name, str) else name
        return bytes_of(*parts, named[1]) + named[0].bytes if named else 0

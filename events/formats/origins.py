"""Origins of router and build lines: one an app, made once and then shared by its lines."""

from __future__ import annotations

from collections.abc import Callable

from events.keys import AppKey, Key, SiteKey
from events.lines import Origin, Source

# Apps come and go, and anybody may ask a router for any host name; past this many: anew.
ORIGINS_KEPT = 20_000


def app_or_none(text: str) -> AppKey | None:
    """`app-space`, as routers and builds name an app."""
    try:
        return AppKey.parse(text)
    except ValueError:
        return None


class Origins:
    def __init__(self, tag: str, source: Source) -> None:
        self._tag = tag
        self._source = source
        self._by_key: dict[Key, Origin] = {}
        self._by_name: dict[str, Origin | None] = {}

    def of(self, key: Key) -> Origin:
        return self._by_key.get(key) or self._add(key)

    def named(self, text: str, read: Callable[[str], AppKey | None] = app_or_none) -> Origin | None:
        """For what `read` makes a key of; None where it is none. Read once, then remembered."""
        try:
            return self._by_name[text]
        except KeyError:
            return self._read(text, read)

    def site(self, name: str) -> Origin:
        return self.of(SiteKey(name))

    def _read(self, text: str, read: Callable[[str], AppKey | None]) -> Origin | None:
        key = read(text)
        if len(self._by_name) >= ORIGINS_KEPT:
            self._by_name.clear()
        origin = self._by_name[text] = self.of(key) if key is not None else None
        return origin

    def _add(self, key: Key) -> Origin:
        if len(self._by_key) >= ORIGINS_KEPT:
            self._by_key.clear()
        origin = self._by_key[key] = Origin(key, self._tag, self._source)
        return origin

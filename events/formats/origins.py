"""Origins of router and build lines: one an app, made once and then shared by its lines."""

from __future__ import annotations

from events.keys import AppKey, Key, SiteKey
from events.lines import Origin, Source

# Apps come and go, and anybody may ask a router for any host name; past this many: anew.
ORIGINS_KEPT = 20_000


class Origins:
    def __init__(self, tag: str, source: Source) -> None:
        self._tag = tag
        self._source = source
        self._by_key: dict[Key, Origin] = {}
        self._by_name: dict[str, Origin | None] = {}

    def of(self, key: Key) -> Origin:
        return self._by_key.get(key) or self._add(key)

    def named(self, text: str) -> Origin | None:
        """For `app-space`, as routers and builds name an app; None when it names none."""
        try:
            return self._by_name[text]
        except KeyError:
            return self._read(text)

    def site(self, name: str) -> Origin:
        return self.of(SiteKey(name))

    def _read(self, text: str) -> Origin | None:
        try:
            origin = self.of(AppKey.parse(text))
        except ValueError:
            origin = None
        if len(self._by_name) >= ORIGINS_KEPT:
            self._by_name.clear()
        self._by_name[text] = origin
        return origin

    def _add(self, key: Key) -> Origin:
        if len(self._by_key) >= ORIGINS_KEPT:
            self._by_key.clear()
        origin = self._by_key[key] = Origin(key, self._tag, self._source)
        return origin

"""Whose drains and lines a key reaches: names of apps, spaces and sites, and how names begin.

`app:shop-demo` is one app, `space:demo` all apps of a space, `site:www.example.com` one site, and
`*` everything. A name may end in `*`, and stands for all that begin so then; of an app its own name
may, and its space's (`app:shop*-demo`, `app:shop-*`). The two are matched apart: however they are
cut, `ab` in `c` is not `a` in `bc`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from events.keys import AppKey, SiteKey, host_name
from events.owners import Owner, faults_of
from events.topics import SOURCE_TOPICS

EVERYTHING = "*"
ENTRIES_MAX = 100
ENTRY_CHARACTERS_MAX = 520

_FORMS = "app:NAME-SPACE, space:NAME, site:NAME, or * for everything"


class Name(NamedTuple):
    """A name, or how names begin."""

    text: str
    begins: bool = False

    def takes(self, name: str) -> bool:
        return name.startswith(self.text) if self.begins else name == self.text

    def __str__(self) -> str:
        return f"{self.text}*" if self.begins else self.text


_ANY = Name("", begins=True)


class Reach:
    """What some entries reach together. Without any: nothing."""

    __slots__ = ("_apps", "_sites", "entries")

    def __init__(self, entries: Iterable[str]) -> None:
        """As `entry_of` gives them. One that this version cannot read reaches nothing."""
        self.entries = tuple(entries)
        self._apps: list[tuple[Name, Name]] = []
        self._sites: list[Name] = []
        for entry in self.entries:
            for names in _names_in(entry):
                if len(names) == 1:
                    self._sites.append(names[0])
                else:
                    self._apps.append((names[0], names[1]))

    def covers(self, owner: Owner) -> bool:
        if isinstance(owner, SiteKey):
            return any(name.takes(owner.site) for name in self._sites)
        return any(app.takes(owner.app) and space.takes(owner.space) for app, space in self._apps)


def entry_of(text: str) -> str:
    """An entry in its one spelling. Raises ValueError, in a sentence for who wrote it."""
    entry = text.strip()
    if entry == EVERYTHING:
        return entry
    kind, colon, name = entry.partition(":")
    if not colon or kind not in ("app", "space", "site") or not name:
        raise ValueError(f"{entry[:60]!r} is none of {_FORMS}")
    if kind == "app" and "-" not in name:
        raise ValueError(f"{entry[:60]!r} names no space: write app:NAME-SPACE")
    parts = dict(zip(*_split(kind, name), strict=True))
    faults = _faults_in(parts)
    if faults:
        part, why = next(iter(faults.items()))
        raise ValueError(f"{entry[:60]!r}: the {part} {why}")
    return f"{kind}:{'-'.join(map(str, parts.values()))}"


def _split(kind: str, name: str) -> tuple[tuple[str, ...], tuple[Name, ...]]:
    """What its parts are called, and each."""
    if kind == "app":
        app, _, space = name.partition("-")
        return ("app", "space"), (_name(app), _name(space))
    if kind == "site" and not name.endswith("*"):
        return ("site",), (Name(SiteKey.named(name).site),)
    return (kind,), (_name(name.lower() if kind == "site" else name),)


def _name(text: str) -> Name:
    return Name(text.removesuffix("*"), text.endswith("*"))


def _faults_in(parts: dict[str, Name]) -> dict[str, str]:
    """Why none can be called so, by part."""
    odd = {part: "has a * that is not at its end" for part, name in parts.items() if "*" in name[0]}
    site = parts.get("site", _ANY)
    if not site.begins and host_name(site.text) != site.text:  # `a..`, `a:1:2`
        odd["site"] = "is no host's name"
    given = {part: name.text for part, name in parts.items() if name != _ANY}
    return odd or faults_of(given, reserved=SOURCE_TOPICS)


def _names_in(entry: str) -> Iterator[tuple[Name, ...]]:
    """Of an app and its space, or of a site."""
    kind, _, name = entry.partition(":")
    match kind:
        case "*" if entry == EVERYTHING:
            yield (_ANY, _ANY)
            yield (_ANY,)
        case "app" if "-" in name:
            yield _split(kind, name)[1]
        case "space" if name:
            yield (_ANY, _name(name))
        case "site" if name:
            yield _split(kind, name)[1]


def app_of(entry: str) -> AppKey | None:
    """The one app that it names, if it names one: to show how a key is used."""
    kind, _, name = entry.partition(":")
    app, _, space = name.partition("-")
    is_one = kind == "app" and app and space and "*" not in name
    return AppKey(app, space) if is_one else None

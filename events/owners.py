"""Whose lines somebody asks for, as people and requests name it, and what such a name may be."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from events.keys import LEGAL_SPACE, AppKey, Key, SiteKey

Owner = Key
"""An app or a site. A whole space may come beside them; a line's own key stays one of these."""

PART_CHARACTERS_MAX = 255
"""Of an app's, a space's or a site's name."""

_SITE = "site:"


def owner_named(text: str, *, needs_space: bool = False) -> Owner:
    """Read `shop-demo`, or `site:www.example.com`. `shop` is in the default space, unless its
    writer may just have forgotten the space. Raises ValueError, in a sentence for the writer.
    """
    site = text.removeprefix(_SITE)
    if site != text:
        return SiteKey.named(site)
    if needs_space and "-" not in text:
        raise ValueError(f"{text!r} names no space: app-space is wanted")
    return AppKey.parse(text)


def name_of(owner: Owner) -> str:
    """As `owner_named` reads it."""
    return f"{_SITE}{owner.site}" if isinstance(owner, SiteKey) else str(owner)


def faults_of(
    parts: Mapping[str, str],
    *,
    reserved: Collection[str] = (),
    too_long: str = "longer than",
    no_space: str = "may have only",
) -> dict[str, str]:
    """Why no line can ever be of this `app`, `space` or `site`, by part; of those that are given.

    `reserved`: topics that are no space's. The other two begin sentences that clients know.
    """
    faults = {}
    for part, text in parts.items():
        if not text:
            faults[part] = "is empty"
        elif len(text) > PART_CHARACTERS_MAX:
            faults[part] = f"{too_long} {PART_CHARACTERS_MAX} characters"
        elif not text.isprintable() or " " in text:
            faults[part] = "contains a space or a control character"
        elif part == "site" and "/" in text:
            faults[part] = "is a host's name, such as www.example.com: without http:// and path"
    space = parts.get("space")
    if space in reserved:
        faults["space"] = "is no space: lines of all apps are in the topic of this name"
    elif space is not None and not LEGAL_SPACE.fullmatch(space):
        faults.setdefault("space", f"{no_space} a-z, 0-9, '.', '_' and '-'")
    return faults

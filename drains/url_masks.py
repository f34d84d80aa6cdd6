"""What of a URL may be secret, as it is shown: services tell who somebody is by a user name, or by
a part of the path, as often as by a password."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from drains.url_text import REDACTED

_KEY_CHARACTERS_MIN = 12
_WORD_CHARACTERS_MIN = 8
_SHOWN = 4
_WORDS = re.compile(r"[A-Za-z0-9]+")
_NAME = re.compile(r"(?:[A-Z]?[a-z]+(?:[A-Z][a-z]{2,})*|[A-Z]+)\d{0,4}|\d+")
"""`production`, `eu1`, `logReceiver2`, `2024`: and no key, unless it is very long."""
_NAME_CHARACTERS_MAX = 20


def looks_like_key(text: str) -> bool:
    """Whether somebody made it by chance: a long word of it is no name."""
    return len(text) >= _KEY_CHARACTERS_MIN and any(map(_is_odd, _WORDS.findall(text)))


def masked(text: str) -> str:
    """A user name, or a part of a path, with the last four characters of a key. Percent-encoded."""
    if not looks_like_key(text):
        return quote(text, safe="")
    return REDACTED + quote(text[-_SHOWN:], safe="")


def masked_path(path: str) -> str:
    """Without its keys. What is no key stays as it was written."""
    parts = ((part, unquote(part)) for part in path.split("/"))
    return "/".join(masked(text) if looks_like_key(text) else part for part, text in parts)


def keys_in(path: str) -> list[str]:
    """As they are written, and as they are meant."""
    parts = [(part, unquote(part)) for part in path.split("/")]
    return [form for both in parts if looks_like_key(both[1]) for form in both]


def _is_odd(word: str) -> bool:
    if len(word) < _WORD_CHARACTERS_MIN:
        return False
    return len(word) > _NAME_CHARACTERS_MAX or not _NAME.fullmatch(word)

"""What a drain's settings are, as a tag that answers carry (ETag): of each member a few characters,
so that one which somebody holds (If-Match) tells what is another by now, and nobody keeps it.

How the drain is doing is no part of it. It is keyed, and by the drain: it tells of no secret but
that it is another.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import lru_cache

import msgspec
from django.conf import settings

from drains.errors import ChangedDrainError
from drains.fields import UndecryptableError
from drains.models import Drain
from drains.option_values import DrainOptions
from drains.options.table import OPTIONS
from events.derived_keys import derived_key

ANY = "*"

_MEMBERS = ("url", "name", "paused", *OPTIONS)
_PART_BYTES, _PART_CHARACTERS = 6, 8


def settings_tag(drain: Drain) -> str:
    """An entity tag, in its quotes."""
    return f'"{"".join(_parts(drain, _keys()[0]))}"'


def refuse_changed(drain: Drain, held: Collection[str]) -> None:
    """`held`: tags, or ANY. Raises ChangedDrainError, with the members that are others by now, if
    the drain's is none of them."""
    if ANY in held:
        return
    ours = [_parts(drain, key) for key in _keys()]
    told = [_changed(tag, parts) for parts in ours for tag in held]
    found = [changed for changed in told if changed is not None]
    if [] not in found:
        raise ChangedDrainError(min(found, key=len, default=()))


def _changed(tag: str, parts: list[str]) -> list[str] | None:
    """None: it is no tag of this drain, or of a version with other members, or under another key.
    One that a proxy has made weak, as it packs what it hands on, counts too."""
    text = tag.removeprefix("W/").strip('"')
    theirs = [text[at : at + _PART_CHARACTERS] for at in range(0, len(text), _PART_CHARACTERS)]
    if len(theirs) != len(parts) or theirs[0] != parts[0]:
        return None
    pairs = zip(_MEMBERS, parts[1:], theirs[1:], strict=True)
    return [member for member, ours, other in pairs if ours != other]


def _parts(drain: Drain, key: bytes) -> list[str]:
    """First whose tag it is, then the members."""
    parts = [b"id"]
    parts += (name.encode() + value for name, value in zip(_MEMBERS, _values(drain), strict=True))
    parts = [drain.pk.bytes + part for part in parts]  # equal secrets of two drains are not alike
    digests = (hashlib.blake2b(part, key=key, digest_size=_PART_BYTES) for part in parts)
    return [urlsafe_b64encode(digest.digest()).decode() for digest in digests]


def _values(drain: Drain) -> Iterator[bytes]:
    url: str = drain.url
    with suppress(UndecryptableError):  # else as it is stored
        url = drain.plain_url
    yield b":" + url.encode()
    yield b":" + drain.name.encode()
    yield b":%d" % drain.paused
    options = _options_of(drain)
    for name in OPTIONS:
        yield b":" + msgspec.json.encode(getattr(options, name), order="sorted")


def _options_of(drain: Drain) -> DrainOptions:
    try:
        return drain.options
    except (UndecryptableError, ValueError):
        return drain.shown_options


def _keys() -> tuple[bytes, ...]:
    """Newest first: while SECRET_KEY changes, a tag under the former one is known again."""
    return _keys_of(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@lru_cache
def _keys_of(*secrets: str) -> tuple[bytes, ...]:
    return tuple(derived_key(secret.encode(), "settings tag") for secret in secrets)

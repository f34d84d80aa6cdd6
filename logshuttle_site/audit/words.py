"""Entries in sentences, as pages say them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from logshuttle_site.audit.models import Entry

WAYS = {
    "user": "page",
    "key": "API",
    "command": "command",
    "system": "system",
    "nobody": "nobody",
}
"""How somebody acts, by Actor.kind."""

KINDS = {
    "drain": "Drains",
    "session": "Tail sessions",
    "key": "Keys",
    "recipient": "Recipients",
    "message": "Messages",
    "user": "Users",
    "group": "Groups",
    "login": "Log-ins",
    "secrets": "Secrets",
}
"""Of what there are entries, by Change.kind."""

_SENTENCES = {
    ("drain", "made"): "added a drain: {owner} → {about}",
    ("drain", "deleted"): "deleted a drain: {owner} → {about}",
    ("drain", "tried"): "had tried at once: {owner} → {about}",
    ("drain", "sent again"): "sent lines again: {owner} → {about}",
    ("session", "opened"): "opened a {about}",
    ("session", "revoked"): "revoked a {about}",
    ("secrets", "rotated"): "rotated secrets",
}
_SHOWN_MAX = 3
_CHARACTERS_MAX = 40


class Member(NamedTuple):
    """One member of what is another."""

    name: str
    before: str | None
    """As it is written; None: it was not there."""
    after: str | None
    is_masked: bool
    """Only what is behind its masks is another."""


def did(entry: Entry) -> str:
    """What, to what; of what was changed the first members."""
    changed = list(_in_short(entry)) if entry.before and entry.after else []
    if len(changed) > _SHOWN_MAX:
        changed[_SHOWN_MAX:] = [f"and {len(changed) - _SHOWN_MAX} more"]
    said = f"{_sentence(entry)}: {', '.join(changed)}" if changed else _sentence(entry)
    is_failed = entry.what == "tested" and not entry.after.get("ok")
    return f"{said}, which failed" if is_failed else said


def members_of(entry: Entry) -> list[Member]:
    names = [*entry.before, *(name for name in entry.after if name not in entry.before)]
    return [_member(entry, name) for name in names]


def _member(entry: Entry, name: str) -> Member:
    before, after = (
        _written(of[name]) if name in of else None for of in (entry.before, entry.after)
    )
    return Member(name, before, after, is_masked=before == after)


def _sentence(entry: Entry) -> str:
    if entry.kind == "login":
        return entry.what
    it = "{what} {owner} → {about}" if entry.kind == "drain" else "{what} the {kind} {about}"
    sentence = _SENTENCES.get((entry.kind, entry.what), it)
    if "{owner}" not in sentence and entry.owner and entry.kind not in ("drain", "session"):
        sentence += " of {owner}"
    return sentence.format(
        what=entry.what, kind=entry.kind, owner=entry.owner, about=entry.about
    ).rstrip()


def _in_short(entry: Entry) -> Iterator[str]:
    for name in entry.after:
        was, is_now = entry.before.get(name), entry.after[name]
        if name == "paused" and entry.what in ("paused", "resumed"):
            continue  # said already
        texts = [_short(was), _short(is_now)]
        is_plain = all(text is not None for text in texts) and was != is_now
        yield f"{name} {texts[0]} → {texts[1]}" if is_plain else name


def _short(value: Any) -> str | None:
    """None: it is too much for a sentence."""
    if isinstance(value, dict | list):
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "–" if value in (None, "") else str(value)
    return text if len(text) <= _CHARACTERS_MAX else None


def _written(value: Any) -> str:
    if value in (None, ""):
        return "–"
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=2)

"""The only writer of keys. Each change is announced in its transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from drains.moments import rfc3339
from events.access import Scope
from events.changes import Change, announce
from logshuttle_site.access import known_keys
from logshuttle_site.access.errors import InvalidKeyError, UnknownKeyError
from logshuttle_site.access.key_text import digests_of, new_key, pepper_is_known, pepper_name
from logshuttle_site.access.models import NAME_CHARACTERS_MAX, ApiKey
from logshuttle_site.access.reach import (
    ENTRIES_MAX,
    ENTRY_CHARACTERS_MAX,
    EVERYTHING,
    entry_of,
)

KEPT_BESIDE = timedelta(days=7)
"""So long a key that is replaced is taken beside its successor, unless something else is said."""

_SHOWS_URLS = {Scope.DRAINS, Scope.READ, Scope.OPERATOR}
_ALL_SCOPES = ", ".join(Scope)


def create_key(
    name: str,
    *,
    scopes: Iterable[str],
    reach: Iterable[str] = (),
    expires_at: datetime | None = None,
    replaces: ApiKey | None = None,
    beside: timedelta = KEPT_BESIDE,
) -> tuple[str, ApiKey]:
    """A new key, which nobody can find out later, and its row.

    `reach`: as reach.py reads it. `replaces`: a key that ends after `beside`, if it does not end
    before. Raises InvalidKeyError.
    """
    now = timezone.now()
    prefix, text = new_key()
    key = ApiKey(
        prefix=prefix,
        digest=digests_of(text)[0],
        pepper=pepper_name(),
        expires_at=expires_at,
        created_at=now,
        replaces=replaces,
        **_checked(name, list(scopes), list(reach)),
    )
    with transaction.atomic():
        changes = [_change(key, "made", after=_facts(key))]
        if replaces is not None:
            changes.append(_ended_beside(replaces, now, beside))
        key.save(force_insert=True)
        announce(*changes)
    return text, key


def rotate_key(key: ApiKey, *, beside: timedelta = KEPT_BESIDE) -> tuple[str, ApiKey]:
    """Another key for the same, that lives as long as this one was to. Raises InvalidKeyError."""
    lives = key.expires_at - key.created_at if key.expires_at else None
    return create_key(
        key.name,
        scopes=key.scopes,
        reach=key.reach,
        expires_at=timezone.now() + lives if lives else None,
        replaces=key,
        beside=beside,
    )


def revoke_key(key: ApiKey) -> bool:
    """Nobody gets in with it any more, after 3 s in other processes too. False: it was revoked."""
    with transaction.atomic():
        row = ApiKey.objects.select_for_update().get(pk=key.pk)
        if row.revoked_at is not None:
            return False
        before = _facts(row)
        row.revoked_at = timezone.now()
        row.save(update_fields=["revoked_at"])
        announce(_change(row, "revoked", before=before, after=_facts(row)))
    key.revoked_at = row.revoked_at
    known_keys.forget_all()
    return True


def key_with(prefix: str) -> ApiKey:
    """By its prefix, as `apikeys list` shows it. Raises UnknownKeyError."""
    key = ApiKey.objects.filter(prefix=prefix).first()
    if key is None:
        raise UnknownKeyError(prefix)
    return key


def under_older_secrets() -> list[ApiKey]:
    """Keys that are alive, and end with a SECRET_KEY of before: nobody has used them since it
    changed, and only who uses one has it."""
    alive = ApiKey.objects.alive(timezone.now())
    return list(alive.exclude(pepper=pepper_name()))


def what_hangs_on_older_secrets() -> list[str]:
    """A sentence for each of these."""
    return [
        f"key {key}: made under a SECRET_KEY of before, and ends when that goes from"
        " SECRET_KEY_FALLBACKS, unless it is used before and written anew by that"
        if pepper_is_known(key.pepper)
        else f"key {key}: no SECRET_KEY that is listed opens it, so nobody can use it: revoke it"
        for key in under_older_secrets()
    ]


def _ended_beside(old: ApiKey, now: datetime, beside: timedelta) -> Change:
    """The old one of two. Raises InvalidKeyError where there are two already."""
    row = ApiKey.objects.select_for_update().get(pk=old.pk)
    if row.state != "alive":
        raise InvalidKeyError({"replaces": f"{row} is {row.state}: make a new key"})
    other = row.successors.alive(now).first()
    if other is None and row.replaces and row.replaces.state == "alive":
        other = row.replaces
    if other is not None:
        why = f"{other} is alive beside {row}: two are enough, revoke one first"
        raise InvalidKeyError({"replaces": why})
    before = _facts(row)
    row.expires_at = min(filter(None, (row.expires_at, now + beside)))
    row.save(update_fields=["expires_at"])
    old.expires_at = row.expires_at
    transaction.on_commit(known_keys.forget_all)
    return _change(row, "replaced", before=before, after=_facts(row))


def _checked(name: str, scopes: list[str], reach: list[str]) -> dict[str, Any]:
    """The columns. Raises InvalidKeyError for all that is wrong."""
    name = name.strip()
    known = [scope for scope in Scope if scope in scopes]
    faults = dict([*_faults_of_name(name), *_faults_of_scopes(known, scopes)])
    entries: list[str] = []
    try:
        entries = list(dict.fromkeys(map(entry_of, reach)))
    except ValueError as error:
        faults["reach"] = str(error)
    else:
        faults.update(_faults_of_reach(entries, known))
    if faults:
        raise InvalidKeyError(faults)
    kept = [] if Scope.OPERATOR in known else entries
    return {"name": name, "scopes": [scope.value for scope in known], "reach": kept}


def _faults_of_name(name: str) -> Iterator[tuple[str, str]]:
    if not name:
        yield "name", "is empty: say whose key it is, and what for"
    elif len(name) > NAME_CHARACTERS_MAX:
        yield "name", f"longer than {NAME_CHARACTERS_MAX} characters"
    elif not name.isprintable():
        yield "name", "contains a control character"


def _faults_of_scopes(known: list[Scope], given: list[str]) -> Iterator[tuple[str, str]]:
    unknown = [text for text in given if text not in known]
    if unknown:
        yield "scopes", f"{unknown[0][:40]!r} is none of {_ALL_SCOPES}"
    elif not known:
        yield "scopes", f"give one at least, of {_ALL_SCOPES}"
    elif Scope.SECRETS in known and not _SHOWS_URLS & set(known):
        yield "scopes", "secrets are of drains: give it beside drains or read"


def _faults_of_reach(entries: list[str], scopes: list[Scope]) -> Iterator[tuple[str, str]]:
    if Scope.OPERATOR in scopes:
        if entries not in ([], [EVERYTHING]):
            yield "reach", "an operator's key reaches everything: leave the rest away"
    elif not entries:
        yield "reach", f"is empty: say whose drains and lines; {EVERYTHING} is everything"
    elif len(entries) > ENTRIES_MAX:
        yield "reach", f"there may be at most {ENTRIES_MAX}"
    elif any(len(entry) > ENTRY_CHARACTERS_MAX for entry in entries):
        yield "reach", f"an entry is longer than {ENTRY_CHARACTERS_MAX} characters"


def _facts(key: ApiKey) -> dict[str, Any]:
    """Without what could tell it."""
    return {
        "name": key.name,
        "scopes": list(key.scopes),
        "reach": list(key.reach),
        "expires_at": rfc3339(key.expires_at) if key.expires_at else None,
        "revoked_at": rfc3339(key.revoked_at) if key.revoked_at else None,
    }


def _change(key: ApiKey, what: str, **facts: dict[str, Any]) -> Change:
    """Of those facts that are both before and after, what has become another."""
    before, after = facts.get("before", {}), facts["after"]
    if before:
        other = {name for name in after if after[name] != before[name]}
        before = {name: before[name] for name in other}
        after = {name: after[name] for name in other}
    return Change("key", key.prefix, what, "", f"{key.prefix} ({key.name})", before, after)

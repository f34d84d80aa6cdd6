"""Who changes something says so here, inside its transaction; who keeps a record listens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Change(NamedTuple):
    """Something that somebody did, or that happened."""

    kind: str
    """Of what: drain, session, key, …"""
    id: str
    what: str
    """Was done: made, changed, paused, resumed, deleted, …"""
    owner: str
    """Whose it is, as people write it."""
    about: str
    """It, in a few words without a secret."""
    before: Mapping[str, Any] = _NOTHING
    """What of it is another by this, as JSON has it and without secrets; empty for what is new.
    A member that looks the same afterwards is another in what is masked."""
    after: Mapping[str, Any] = _NOTHING
    """The same afterwards; empty for what is gone."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What something is at a moment."""

    told: Mapping[str, Any]
    """By name, as JSON has it and with secrets masked."""
    masked: Mapping[str, object] = field(default_factory=dict, repr=False)
    """What is behind the masks, by the same names: compared, and never told."""


def differing(before: Facts, after: Facts) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of it is another, before and after."""
    names = [
        name
        for name in {**before.told, **after.told}
        if before.told.get(name) != after.told.get(name)
        or before.masked.get(name) != after.masked.get(name)
    ]
    return _some(before.told, names), _some(after.told, names)


def _some(told: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: told[name] for name in names if name in told}


Listener = Callable[[Sequence[Change]], None]

_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """Called with what is done together from now on; what it raises undoes that."""
    if listener not in _listeners:
        _listeners.append(listener)


def ignore(listener: Listener) -> None:
    """No more."""
    _listeners.remove(listener)


def announce(*changes: Change) -> None:
    for listener in _listeners:
        listener(changes)

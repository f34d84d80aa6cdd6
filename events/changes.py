"""Who changes something says so here, inside its transaction; who keeps a record listens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Change(NamedTuple):
    """Something that somebody did, or that happened."""

    kind: str
    """Of what: drain, …"""
    id: str
    what: str
    """Was done: made, changed, paused, resumed, deleted, …"""
    owner: str
    """Whose it is, as people write it."""
    about: str
    """It, in a few words without a secret."""
    before: Mapping[str, Any] = _NOTHING
    """What of it is another by this, as JSON has it and without secrets; empty for what is new."""
    after: Mapping[str, Any] = _NOTHING
    """The same afterwards; empty for what is gone."""


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

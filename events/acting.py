"""Who acts in this request or command: for the record of what is changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class Actor(NamedTuple):
    kind: str
    """key, user, command or system; nobody: of a request, until it is known who makes it."""
    name: str
    """A key's prefix and name, a user's name, a command's, …; never a secret."""
    address: str = ""
    """Where the request came from; of a command, the host that it runs on."""
    request_id: str = ""
    """The same for all that one request, or one run of a command, does."""


SYSTEM = Actor("system", "log shuttle")

_acting: ContextVar[Actor] = ContextVar("acting", default=SYSTEM)


def acting() -> Actor:
    return _acting.get()


def act_as(kind: str, name: str) -> None:
    """From now on in this request, whose address and id are known already."""
    _acting.set(_acting.get()._replace(kind=kind, name=name))


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    before = _acting.set(actor)
    try:
        yield
    finally:
        _acting.reset(before)

"""Who uses the REST API: `events.access.Caller`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from events.access import Scope
from events.owners import Owner
from logshuttle_site.access.reach import Reach

_INCLUDED = {
    Scope.OPERATOR: frozenset(Scope) - {Scope.SECRETS},
    Scope.DRAINS: frozenset({Scope.DRAINS, Scope.READ}),
}
"""What a scope is good for beside itself. Secrets are seen by their own, and by AUTH_KEY."""


class Operator:
    """Holds AUTH_KEY: may do everything, and sees URLs as they were given."""

    is_authenticated = True

    def may(self, scope: Scope) -> bool:
        return True

    def reaches(self, owner: Owner) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Holds an API key."""

    prefix: str
    name: str
    scopes: frozenset[Scope]
    """All that it may, by itself or through another one."""
    reach: Reach

    @property
    def is_authenticated(self) -> bool:
        return True

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes

    def reaches(self, owner: Owner) -> bool:
        return Scope.OPERATOR in self.scopes or self.reach.covers(owner)

    def __str__(self) -> str:
        return f"{self.prefix} {self.name}"


def held_by(names: Iterable[str]) -> frozenset[Scope]:
    """What scopes of these names are good for. One that is not known is good for nothing."""
    given = set(names)
    own = {scope for scope in Scope if scope.value in given}
    return frozenset().union(*(_INCLUDED.get(scope, {scope}) for scope in own))

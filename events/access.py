"""What somebody may do, and whose lines they reach. Asked by every room; who somebody is, and what
follows from that, is known by `logshuttle_site/access`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Protocol

from events.owners import Owner


class Scope(StrEnum):
    """What a key is good for."""

    OPERATOR = "operator"
    """Everything, of everybody; of URLs what is secret is SECRETS' alone."""
    DRAINS = "drains"
    """Drains of whom it reaches: to see, make, change, test and delete them."""
    SESSIONS = "sessions"
    """Live tails of whom it reaches: to open and revoke them."""
    EVENTS = "events"
    """`POST /log-events` for whom it reaches."""
    READ = "read"
    """Drains of whom it reaches, and nothing of them is changed."""
    SECRETS = "secrets"
    """Beside another one: URLs as they were given, with what is secret in them."""


class Caller(Protocol):
    """Who makes a request (`request.user` of the REST API)."""

    def may(self, scope: Scope) -> bool:
        """Whether they have this scope, by itself or through another one."""
        ...

    def reaches(self, owner: Owner) -> bool:
        """Whether this app or site is theirs. What they do not reach is not there for them: 404."""
        ...


def caller_of(request: Any) -> Caller:
    """Of a request that has been let in. A view says in `scopes` what each of its actions (of a
    set of views) or methods wants, as `{"list": Scope.READ}`; whatever is not in it is for
    operators alone.
    """
    caller: Caller = request.user
    return caller

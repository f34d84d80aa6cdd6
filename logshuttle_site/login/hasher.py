"""Hashes of passwords: two at a time in a process, and no connection to the database meanwhile."""

from __future__ import annotations

import threading
from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connections

from logshuttle_site.login.turns import AT_ONCE

_at_once = threading.BoundedSemaphore(AT_ONCE)


class PatientHasher(PBKDF2PasswordHasher):
    """Django's own, with its name in the database: hashes that are stored stay as they are."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> Any:
        let_connections_go()
        with _at_once:
            return super().encode(password, salt, iterations)


def let_connections_go() -> None:
    """Of this thread; the next query opens one anew. In a transaction it has to stay."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()

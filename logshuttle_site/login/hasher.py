"""Hashes of passwords: two at a time in a process, and no connection to the database meanwhile."""

from __future__ import annotations

import threading
from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from events.let_go import let_connections_go
from logshuttle_site.login.turns import AT_ONCE

_at_once = threading.BoundedSemaphore(AT_ONCE)


class PatientHasher(PBKDF2PasswordHasher):
    """Django's own, with its name in the database: hashes that are stored stay as they are."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> Any:
        let_connections_go()
        with _at_once:
            return super().encode(password, salt, iterations)

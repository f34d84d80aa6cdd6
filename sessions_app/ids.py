"""Ids of sessions: secrets that open one. Everything but the URL knows a digest of it instead."""

from __future__ import annotations

import hashlib
import re
import uuid

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def new_id() -> tuple[str, str]:
    """A random UUID from the system's generator, and its name."""
    session_id = str(uuid.uuid4())
    return session_id, _digest_of(session_id)


def name_of(session_id: str) -> str | None:
    """The digest that stands for an id in the database, the cache and logs; None for no id.

    Looked up by equality: who times that learns of a digest, and from there no way leads back.
    """
    return _digest_of(session_id) if _ID.fullmatch(session_id) else None


def _digest_of(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()

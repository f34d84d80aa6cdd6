"""Connections to the database are few: who waits for somebody else keeps none meanwhile."""

from __future__ import annotations

from django.db import connections


def let_connections_go() -> None:
    """Of this thread; the next query opens one anew. In a transaction it has to stay."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()

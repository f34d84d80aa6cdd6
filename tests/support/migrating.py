"""Databases as former versions of the schema had them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def migrate(name: str | None) -> MigrationExecutor:
    """The tables of drains, to the state that this migration leaves; None: to none at all."""
    return _migrate([("drains", name)])


def upgrade() -> None:
    """All tables, to the newest state."""
    _migrate(MigrationExecutor(connection).loader.graph.leaf_nodes())


@contextmanager
def drains_of(name: str) -> Iterator[Any]:
    """The model of a drain in an empty database that this migration has left, which is upgraded in
    the end. For tests whose transactions are real."""
    migrate(None)  # the one row of versions may have gone with another test
    try:
        state = migrate(name).loader.project_state([("drains", name)])
        yield state.apps.get_model("drains", "Drain")
    finally:
        upgrade()


def _migrate(to: list[Any]) -> MigrationExecutor:
    executor = MigrationExecutor(connection)
    executor.migrate(to)
    return executor

"""What every migration keeps to, as others go on while it runs."""

from __future__ import annotations

import pytest
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

FIRST = "0012"
"""Those before are everywhere by now."""
MIGRATIONS = [
    migration
    for (app, name), migration in sorted(MigrationLoader(None).disk_migrations.items())
    if app == "drains" and name >= FIRST and migration.atomic
]


@pytest.mark.parametrize("migration", MIGRATIONS, ids=lambda of: of.name)
def test_one_transaction_locks_one_table(migration: Migration) -> None:
    """Readers join drains and their statuses in either order: one that has locked the one and waits
    for the other would wait for those that wait for it."""
    changed = {getattr(of, "model_name", None) for of in migration.operations} - {None}
    assert len(changed) <= 1

"""A migration that failed goes on when it is run again, and while it runs nobody makes what it is
about to write. On PostgreSQL, where a statement outside of a transaction stays."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import psycopg2
import pytest
from django.core.management.base import CommandError
from django.db.migrations.executor import MigrationExecutor

from drains.models import Drain, Installation
from tests.support.migrating import migrate, upgrade
from tests.support.store_stage import as_default, connection_to

BEFORE = "0022_claim_tries"
MIGRATION = import_module("drains.migrations.0024_keyed_digests")


@pytest.fixture
def of_before(postgres_url: str, django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """The connection to an installation of the version before, with one drain."""
    made = connection_to(postgres_url)
    with django_db_blocker.unblock(), as_default(made):
        apps = migrate(BEFORE).loader.project_state([("drains", BEFORE)]).apps
        apps.get_model("drains", "Installation").objects.create(public_id="x")
        apps.get_model("drains", "Drain").objects.create(
            app="gold", space="gs", url="https://h/", address="x", url_digest="of before"
        )
        yield made
    made.close()


def test_a_migration_that_failed_is_run_again(of_before: Any, settings: Any) -> None:
    known, settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS, []
    for _ in range(2):
        with pytest.raises(CommandError, match="run migrate with the SECRET_KEY"):
            upgrade()
    settings.FIELD_ENCRYPTION_KEYS = known

    upgrade()

    assert Drain.objects.get().address == "https://h:443/"
    assert Installation.objects.get().has_former_key
    executor = MigrationExecutor(of_before)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []


def test_who_makes_a_drain_waits_until_a_portion_is_written(
    of_before: Any, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would have the digest that was free a moment ago."""
    write, tried = MIGRATION.write, []

    def written(*args: Any) -> None:
        other = psycopg2.connect(postgres_url)
        with other.cursor() as cursor, pytest.raises(psycopg2.errors.LockNotAvailable):
            cursor.execute("SELECT number FROM drains_routeversion WHERE id = 1 FOR UPDATE NOWAIT")
        other.close()
        tried.append(args)
        write(*args)

    monkeypatch.setattr(MIGRATION, "write", written)

    upgrade()

    assert len(tried) == 1
    assert Drain.objects.get().address == "https://h:443/"

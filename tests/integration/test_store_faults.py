"""What a worker's store makes of what a real PostgreSQL says besides an answer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from events.database_faults import DatabaseFault
from events.kafka.records import TopicPartition
from shuttle.commit.database_store import DatabaseStore
from shuttle.commit.store import Claim, StoreError
from tests.support.store_stage import as_default, connection_to
from tests.support.stores import Postgres

STORE = DatabaseStore("logshuttle")
TAKES = {TopicPartition("gs", 0): Claim("mine", "log")}


def refused(url: str, asked: Callable[[], object]) -> StoreError:
    made = connection_to(url)
    with as_default(made), closing(made), pytest.raises(StoreError) as error:
        asked()
    assert "\n" not in str(error.value)
    return error.value


@pytest.fixture
def migrated_url(migrated_postgres: Any, postgres: Postgres, django_db_blocker: Any) -> Any:
    with django_db_blocker.unblock():
        yield postgres.url(migrated_postgres.settings_dict["NAME"])


def test_a_database_that_is_not_there_has_nothing_to_do_with_migrate(
    migrated_url: str, postgres: Postgres
) -> None:
    error = refused(postgres.url("nosuch"), STORE.route_mark)
    assert error.fault is DatabaseFault.REFUSES_US
    assert str(error).startswith("it does not let us in: ")
    assert str(error).endswith('database "nosuch" does not exist')


def test_one_without_tables_wants_migrate(migrated_url: str, postgres_url: str) -> None:
    error = refused(postgres_url, STORE.route_mark)
    assert str(error).startswith("it lacks a table or a column: `manage.py migrate` has not run: ")


def test_one_that_takes_no_writes_is_read(migrated_url: str) -> None:
    url = f"{migrated_url}?options=-c%20default_transaction_read_only%3Don"
    with as_default(made := connection_to(url)), closing(made):
        STORE.route_mark()
    error = refused(url, lambda: STORE.take_over(TAKES))
    assert (error.fault, str(error)[:22]) == (DatabaseFault.READ_ONLY, "it takes no writes: ca")


def test_who_holds_what_is_asked_for_is_not_waited_for_longer_than_that(migrated_url: str) -> None:
    with closing(connection_to(migrated_url)) as holding, holding.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("LOCK TABLE drains_partitionclaim IN ACCESS EXCLUSIVE MODE")
        url = f"{migrated_url}?options=-c%20lock_timeout%3D50"
        error = refused(url, lambda: STORE.take_over(TAKES))
    assert error.fault is DatabaseFault.TOO_SLOW

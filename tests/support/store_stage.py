"""Fixture: a worker's store of any kind, and what others do to the drains it is of."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from uuid import UUID

import dj_database_url
import pytest
from django.core.management import call_command
from django.db import connections, transaction
from django.db.utils import ConnectionHandler

from drains.destination import Destination
from drains.models import Drain
from drains.routes import Route
from drains.services import create_drain, delete_drain
from events.keys import AppKey
from shuttle.commit.database_store import DatabaseStore
from shuttle.commit.store import Store
from tests.support.memory_store import MemoryStore
from tests.support.stores import Postgres

KEY, URL = AppKey("gold", "gs"), "syslog://logs{number}.example.com:514"


class StoreStage(Protocol):
    store: Store

    def new_drain(self, *, start_pending: bool = False) -> str:
        """Its id."""

    def delete(self, drain_id: str) -> None: ...

    def count_up_version(self, drain_id: str) -> None:
        """As who writes cursors does that is no worker."""


class MemoryStage:
    def __init__(self) -> None:
        self._memory = MemoryStore()
        self.store: Store = self._memory

    def new_drain(self, *, start_pending: bool = False) -> str:
        destination = Destination.parse(URL.format(number=0))
        route = Route(str(uuid.uuid4()), KEY, destination, start_pending=start_pending)
        self._memory.drains[route.drain_id] = route
        return route.drain_id

    def delete(self, drain_id: str) -> None:
        del self._memory.drains[drain_id]

    def count_up_version(self, drain_id: str) -> None:
        version = self._memory.drains[drain_id].cursor_version + 1
        self._memory.change_drain(drain_id, cursor_version=version)


class DatabaseStage:
    def __init__(self) -> None:
        self.store: Store = DatabaseStore("logshuttle")
        self._made = 0

    def new_drain(self, *, start_pending: bool = False) -> str:
        self._made += 1
        drain = create_drain(KEY, URL.format(number=self._made))
        Drain.objects.filter(pk=drain.pk).update(start_pending=start_pending)
        return str(drain.pk)

    def delete(self, drain_id: str) -> None:
        delete_drain(Drain.objects.get(pk=UUID(drain_id)))

    def count_up_version(self, drain_id: str) -> None:
        drain = Drain.objects.get(pk=UUID(drain_id))
        Drain.objects.filter(pk=drain.pk).update(cursor_version=drain.cursor_version + 1)


@pytest.fixture(params=["sqlite", "postgres", "memory"])
def stage(request: pytest.FixtureRequest) -> StoreStage:
    """One of each kind of store, for tests that are marked django_db: that gives the SQLite."""
    if request.param == "postgres":
        request.getfixturevalue("in_postgres")
    return MemoryStage() if request.param == "memory" else DatabaseStage()


@pytest.fixture
def in_postgres(migrated_postgres: Any, django_db_blocker: Any) -> Iterator[None]:
    """Django's database is PostgreSQL for this test, which leaves nothing there."""
    with django_db_blocker.unblock(), as_default(migrated_postgres), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="session")
def migrated_postgres(
    postgres: Postgres, django_db_setup: None, django_db_blocker: Any
) -> Iterator[Any]:
    """A connection to a database with our tables."""
    url = postgres.create()
    made = connection_to(url)
    with django_db_blocker.unblock():
        with as_default(made):
            call_command("migrate", verbosity=0)
        yield made
        made.close()
    postgres.drop(url)


def connection_to(url: str) -> Any:
    return ConnectionHandler({"default": dict(dj_database_url.parse(url))})["default"]


@contextmanager
def as_default(made: Any) -> Iterator[None]:
    """Of this thread. A test may have stopped the server since: then it connects anew."""
    if made.connection is not None and not made.is_usable():
        made.close()
    before = connections["default"]
    connections["default"] = made
    try:
        yield
    finally:
        connections["default"] = before

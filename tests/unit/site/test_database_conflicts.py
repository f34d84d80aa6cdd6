"""What the database undid for others is done again, where nothing of it stands."""

from __future__ import annotations

from collections.abc import Callable

import psycopg2
import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from events.database_trouble import Troubles
from logshuttle_site import middleware
from logshuttle_site.errors import CONFLICT
from logshuttle_site.middleware import CONFLICT_TRIES, DatabaseConflicts


class Database:
    """The connection of a thread, to which a view commits."""

    commits = 0


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    made = Database()
    monkeypatch.setattr(middleware, "connection", made)
    monkeypatch.setattr(middleware, "troubles", Troubles())
    monkeypatch.setattr(middleware, "CONFLICT_WAIT_SECONDS", 0.0)
    return made


def asked(view: Callable[[HttpRequest], HttpResponse]) -> int:
    """The status."""
    return DatabaseConflicts(view)(RequestFactory().post("/")).status_code


def undone(request: HttpRequest) -> HttpResponse:
    request.META[CONFLICT] = psycopg2.OperationalError("deadlock detected")
    return HttpResponse(status=503)


def test_where_the_first_transaction_was_undone_all_is_done_again(database: Database) -> None:
    calls = 0

    def view(request: HttpRequest) -> HttpResponse:
        nonlocal calls
        calls += 1
        if calls < CONFLICT_TRIES:
            return undone(request)
        database.commits += 2
        return HttpResponse()

    assert asked(view) == 200
    assert calls == CONFLICT_TRIES


def test_where_the_second_one_was_undone_the_first_is_not_done_twice(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    calls = 0

    def view(request: HttpRequest) -> HttpResponse:
        nonlocal calls
        calls += 1
        database.commits += 1
        return undone(request)

    assert asked(view) == 503
    assert calls == 1
    assert caplog.messages == [
        "The database had to choose between us and others: deadlock detected"
    ]


def test_what_another_request_of_the_thread_committed_is_nothing_of_this_one(
    database: Database,
) -> None:
    database.commits = 7
    calls = 0

    def view(request: HttpRequest) -> HttpResponse:
        nonlocal calls
        calls += 1
        return undone(request) if calls == 1 else HttpResponse()

    assert asked(view) == 200
    assert calls == 2

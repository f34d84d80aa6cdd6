"""Our backend on a real PostgreSQL, in this process."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import dj_database_url
import pytest
from django.db import Error, OperationalError

from events.database_faults import DatabaseFault, fault_of
from logshuttle_site.database.options import postgres_options
from logshuttle_site.database.postgresql import base, process_connections
from logshuttle_site.database.postgresql.base import DatabaseWrapper
from logshuttle_site.database.postgresql.process_connections import ProcessConnections
from tests.support.pgbouncer import Pgbouncer

COUNT = 3

Connect = Callable[..., DatabaseWrapper]


@pytest.fixture
def connect(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, django_db_blocker: Any
) -> Iterator[Connect]:
    """A wrapper of a thread's own; there are three connections, and who waits gives up soon."""
    monkeypatch.setattr(process_connections, "WAIT_SECONDS", 0.5)
    ours: dict[float | None, ProcessConnections] = {}
    monkeypatch.setattr(
        base,
        "connections_of_this_process",
        lambda silent: ours.setdefault(silent, ProcessConnections(COUNT, silent)),
    )
    monkeypatch.setattr(base, "_poolers", set())

    def made(url: str = postgres_url, *, serves: bool = False, **options: Any) -> DatabaseWrapper:
        parsed: Any = dj_database_url.parse(url)
        given = {**parsed.get("OPTIONS", {}), **options}
        parsed["OPTIONS"] = postgres_options(given, serves=serves)
        return DatabaseWrapper({**_DEFAULTS, **parsed})

    with django_db_blocker.unblock():
        yield made
    for each in ours.values():
        each.end()


_DEFAULTS = {
    "ATOMIC_REQUESTS": False,
    "AUTOCOMMIT": True,
    "CONN_HEALTH_CHECKS": False,
    "CONN_MAX_AGE": 0,
    "TIME_ZONE": None,
}


def ask(wrapper: DatabaseWrapper, statement: str) -> Any:
    with wrapper.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def fault_when(ask_something: Callable[[], object]) -> DatabaseFault | None:
    with pytest.raises(Error) as caught:
        ask_something()
    return fault_of(caught.value)


def test_all_connections_in_use_is_told_after_a_while(connect: Connect) -> None:
    held = [connect() for _ in range(COUNT)]
    for each in held:
        ask(each, "SELECT 1")
    assert fault_when(lambda: ask(connect(), "SELECT 1")) is DatabaseFault.NO_CONNECTIONS
    held[0].close()
    with closing(connect()) as another:
        ask(another, "SELECT 1")
    for each in held:
        each.close()


def test_one_that_nobody_has_any_more_is_given_back(connect: Connect) -> None:
    for _ in range(COUNT * 2):
        ask(connect(), "SELECT 1")
        gc.collect()


def test_one_of_a_thread_that_has_ended_is_given_back(connect: Connect) -> None:
    gc.disable()
    try:
        for _ in range(COUNT * 2):
            thread = threading.Thread(target=lambda: ask(connect(), "SELECT 1"))
            thread.start()
            thread.join()
        with closing(connect()) as mine:
            assert ask(mine, "SELECT 1") == 1
    finally:
        gc.enable()


def test_one_that_cannot_be_opened_costs_no_place(connect: Connect, postgres_url: str) -> None:
    wrong = f"{postgres_url}-and-no-other"
    for _ in range(COUNT * 2):
        assert fault_when(lambda: ask(connect(wrong), "SELECT 1")) is DatabaseFault.REFUSES_US


def test_what_libpq_does_not_know_is_no_fault_of_a_question(connect: Connect) -> None:
    with pytest.raises(OperationalError, match="invalid connection option"):
        ask(connect(schema="public"), "SELECT 1")


def test_who_waits_for_an_answer_is_cut_off_from_outside(connect: Connect) -> None:
    mine = connect()
    ask(mine, "SELECT 1")
    cutting = threading.Timer(0.2, mine.cut)
    cutting.start()
    began = time.monotonic()
    assert fault_when(lambda: ask(mine, "SELECT pg_sleep(30)")) is DatabaseFault.AWAY
    assert time.monotonic() - began < 5
    cutting.join()
    mine.close()
    assert ask(mine, "SELECT 1") == 1
    mine.close()
    mine.cut()  # there is none


def test_questions_of_servers_have_time_limits_and_others_have_none(connect: Connect) -> None:
    with closing(connect(serves=True)) as server, closing(connect()) as command:
        limits = {"statement_timeout": "10s", "lock_timeout": "5s"}
        limits |= {"idle_in_transaction_session_timeout": "30s"}
        assert {name: ask(server, f"SHOW {name}") for name in limits} == limits
        assert {ask(command, f"SHOW {name}") for name in limits} == {"0"}


def test_what_the_url_says_wins(connect: Connect, postgres_url: str) -> None:
    url = f"{postgres_url}?options=-c%20statement_timeout%3D1s&connect_timeout=7"
    with closing(connect(url, serves=True)) as mine:
        assert ask(mine, "SHOW statement_timeout") == "1s"
        assert ask(mine, "SHOW lock_timeout") == "5s"
        params = mine.get_connection_params()
        assert params["connect_timeout"] == 7
        assert params["silent_seconds"] == 12


def test_who_gets_no_answer_at_all_is_cut_off(connect: Connect) -> None:
    """The server itself keeps to no limit here."""
    with closing(connect(silent_seconds=0.5)) as mine:
        began = time.monotonic()
        assert fault_when(lambda: ask(mine, "SELECT pg_sleep(30)")) is DatabaseFault.AWAY
        assert time.monotonic() - began < 5


def test_a_pooler_that_takes_no_limits_is_said_once(
    connect: Connect, postgres_url: str, tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with Pgbouncer(tmp_path / "pgbouncer", postgres_url) as pooler:
        for _ in range(2):
            with closing(connect(pooler.url, serves=True)) as mine:
                assert ask(mine, "SELECT 1") == 1
    assert [line for line in caplog.messages if "pooler" in line] == caplog.messages
    assert len(caplog.messages) == 1


def test_what_was_committed_is_counted(connect: Connect) -> None:
    """By which a request knows whether something of it stands."""
    with closing(connect()) as mine:
        ask(mine, "SELECT 1")
        for end, count in ((mine.rollback, 0), (mine.commit, 1), (mine.commit, 2)):
            mine.set_autocommit(False)
            ask(mine, "SELECT 1")
            end()
            mine.set_autocommit(True)
            assert mine.commits == count

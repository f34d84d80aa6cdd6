"""Each kind of answer that is none, as drivers and what wraps them raise it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import django.db
import psycopg2
import pytest
from psycopg2 import errors

from events.database_faults import DatabaseFault, fault_of, said_by


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        ("08006", DatabaseFault.AWAY),
        ("25006", DatabaseFault.READ_ONLY),
        ("25P03", DatabaseFault.TOO_SLOW),
        ("25P04", DatabaseFault.TOO_SLOW),
        ("28P01", DatabaseFault.REFUSES_US),
        ("3D000", DatabaseFault.REFUSES_US),
        ("40001", DatabaseFault.CONFLICT),
        ("40002", None),
        ("40003", DatabaseFault.AWAY),
        ("40P01", DatabaseFault.CONFLICT),
        ("42501", DatabaseFault.NO_RIGHT),
        ("42703", DatabaseFault.OLD_SCHEMA),
        ("42P01", DatabaseFault.OLD_SCHEMA),
        ("53100", DatabaseFault.FULL),
        ("53200", DatabaseFault.FULL),
        ("53300", DatabaseFault.NO_CONNECTIONS),
        ("55P03", DatabaseFault.TOO_SLOW),
        ("57014", DatabaseFault.TOO_SLOW),
        ("57P01", DatabaseFault.AWAY),
        ("57P03", DatabaseFault.AWAY),
        ("23505", None),
        ("22001", None),
        ("42601", None),
    ],
)
def test_a_sqlstate(state: str, fault: DatabaseFault | None) -> None:
    kind = type("Error", (errors.lookup(state),), {"pgcode": state})
    assert fault_of(kind("as it says")) is fault
    wrapped = django.db.DatabaseError("as it says")
    wrapped.__cause__ = kind("as it says")
    assert fault_of(wrapped) is fault


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ('connection to server at "h", port 1 failed: Connection refused', DatabaseFault.AWAY),
        ("server closed the connection unexpectedly", DatabaseFault.AWAY),
        ("FATAL:  sorry, too many clients already", DatabaseFault.NO_CONNECTIONS),
        ("FATAL:  remaining connection slots are reserved", DatabaseFault.NO_CONNECTIONS),
        ("FATAL:  no more connections allowed (max_client_conn)", DatabaseFault.NO_CONNECTIONS),
        ("FATAL:  query_wait_timeout", DatabaseFault.NO_CONNECTIONS),
        ('FATAL:  database "nosuch" does not exist', DatabaseFault.REFUSES_US),
        ('FATAL:  role "nobody" does not exist', DatabaseFault.REFUSES_US),
        ('FATAL:  password authentication failed for user "u"', DatabaseFault.REFUSES_US),
    ],
)
def test_a_connection_that_was_refused_has_no_sqlstate(said: str, fault: DatabaseFault) -> None:
    assert fault_of(psycopg2.OperationalError(said)) is fault


def test_what_sqlite_says(tmp_path: Path) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:

        def of(question: str) -> DatabaseFault | None:
            with pytest.raises(sqlite3.Error) as caught:
                connection.execute(question)
            return fault_of(caught.value)

        assert of("SELECT 1 FROM nowhere") is DatabaseFault.OLD_SCHEMA
        assert of("SELEC 1") is None
        connection.execute("PRAGMA query_only = 1")
        assert of("CREATE TABLE t (a)") is DatabaseFault.READ_ONLY
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect(tmp_path / "nowhere" / "db")
    assert fault_of(caught.value) is DatabaseFault.AWAY
    caught.value.sqlite_errorname = "SQLITE_PROTOCOL"
    assert fault_of(caught.value) is DatabaseFault.TOO_SLOW


def test_what_is_no_drivers_says_nothing_of_the_database() -> None:
    assert fault_of(ValueError("too many clients")) is None
    assert fault_of(KeyError("database")) is None


def test_what_was_said_is_on_one_line() -> None:
    assert said_by(psycopg2.OperationalError("one\n\ttwo\n")) == "one two"
    assert said_by(psycopg2.InterfaceError()) == "InterfaceError"


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (
            "server closed the connection unexpectedly\n\tThis probably means the server terminated"
            " abnormally\n\tbefore or while processing the request.\n",
            "server closed the connection unexpectedly",
        ),
        (
            'relation "drains_drain" does not exist\nLINE 1: SELECT * FROM drains_drain\n      ^\n',
            'relation "drains_drain" does not exist',
        ),
    ],
)
def test_what_was_said_is_without_guesses_and_our_own_words(said: str, left: str) -> None:
    assert said_by(psycopg2.OperationalError(said)) == left

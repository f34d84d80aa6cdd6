"""An installation of an older schema goes on where it was, with all that was chosen."""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from confluent_kafka import Consumer, TopicPartition
from cryptography.fernet import Fernet

from tests.support.broker import Broker
from tests.support.kafka import TopicNames
from tests.support.receivers import Receiver
from tests.support.receiving import Receivers
from tests.support.records import kubernetes_event
from tests.support.shuttle import Shuttle
from tests.support.waiting import wait_until

BEFORE = ("drains", "0005_figures")
OPTION_COLUMNS = ("drains", "0006_starts")


def texts(sink: Receiver) -> list[str]:
    return sorted(line.decode().partition(" - - - ")[2] for line in sink.lines())


def until_has(sink: Receiver, lines: list[str]) -> None:
    wait_until(lambda: texts(sink) == sorted(lines), 20, f"exactly {lines}")


def produce(kafka: Broker, space: str, app: str, *names: str, seconds_ago: float = 0) -> None:
    values = [kubernetes_event(name, container=app, pod=f"{app}-1") for name in names]
    stamp = int((time.time() - seconds_ago) * 1000)
    kafka.produce(space, values, partition=0, timestamp_ms=stamp)


def test_nothing_is_lost_or_sent_twice_over_the_upgrade(
    tmp_path: Path, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    """The old schema's rows: a drain that is live, one that is behind, one that no worker has met,
    and one of a topic that was never read, all stopped in order."""
    space, quiet = kafka.create(topic(), 1), kafka.create(topic(), 1)
    produce(kafka, space, "live", "delivered 0", "delivered 1", seconds_ago=600)
    produce(kafka, space, "behind", "delivered", "missed 0", "missed 1", seconds_ago=600)
    produce(kafka, space, "unmet", "of before", seconds_ago=600)
    produce(kafka, quiet, "silent", "of before", seconds_ago=86_400)
    key = Fernet.generate_key()
    shuttle = Shuttle(tmp_path, kafka.bootstrap, {"FIELD_ENCRYPTION_KEYS": key.decode()})
    commit(kafka, shuttle.group, space, 6)
    try:
        migrate(shuttle, *BEFORE)
        made = datetime.now(UTC) - timedelta(seconds=3600)
        sinks = {name: receiver() for name in ("live", "behind", "unmet", "silent")}
        with closing(sqlite3.connect(tmp_path / "shuttle.sqlite3")) as database, database:
            insert = OldDrains(database, Fernet(key))
            insert.drain("live", space, sinks["live"], made, met=True)
            behind = insert.drain("behind", space, sinks["behind"], made, met=True)
            insert.cursor(behind, space, 3)
            insert.drain("unmet", space, sinks["unmet"], datetime.now(UTC), met=False)
            insert.drain("silent", quiet, sinks["silent"], made, met=True)
        produce(kafka, space, "live", "away 0", "away 1")
        produce(kafka, space, "behind", "away")
        produce(kafka, space, "unmet", "away")
        produce(kafka, quiet, "silent", "away")
        migrate(shuttle)
        shuttle.start_web()

        shuttle.start_worker()

        wanted = {
            "live": ["away 0", "away 1"],
            "behind": ["away", "missed 0", "missed 1"],
            "unmet": ["away"],
            "silent": ["away"],
        }
        for name, lines in wanted.items():
            until_has(sinks[name], lines)
        for name in wanted:
            produce(kafka, quiet if name == "silent" else space, name, "new")
        for name, lines in wanted.items():
            until_has(sinks[name], [*lines, "new"])
        drains = shuttle.api.get(f"/apps/live-{space}/log-drains").json()
        assert [drain["start"] for drain in drains] == ["approximate"]
    finally:
        shuttle.close()


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def test_options_that_were_columns_are_kept(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Also those whose key is lost: they come back with it."""
    postgres = database == "postgres"
    url = request.getfixturevalue("postgres_url") if postgres else f"sqlite:///{tmp_path}/x.sqlite3"
    known, lost = Fernet.generate_key(), Fernet.generate_key()
    keys = {"FIELD_ENCRYPTION_KEYS": known.decode(), "DATABASE_URL": url}
    shuttle = Shuttle(tmp_path, "127.0.0.1:1", keys)
    try:
        migrate(shuttle, *OPTION_COLUMNS)
        with opened(url) as connection:
            add_drain_with_columns(connection, "known", Fernet(known))
            add_drain_with_columns(connection, "lost", Fernet(lost))
            before = option_columns(connection)

        migrate(shuttle)

        shuttle.start_web()
        assert options_of(shuttle, "known") == OPTIONS
        assert options_of(shuttle, "lost") == {**OPTIONS, "headers": {}, "tls": None}
        shuttle.stop_web()
        shuttle.environment["FIELD_ENCRYPTION_KEYS"] = f"{known.decode()},{lost.decode()}"
        shuttle.start_web()
        assert options_of(shuttle, "lost") == OPTIONS
        shuttle.stop_web()
        migrate(shuttle, *OPTION_COLUMNS)
        with opened(url) as connection:
            assert option_columns(connection) == before
    finally:
        shuttle.close()


FILTER = {
    "sources": ["app"],
    "processes": ["web"],
    "streams": ["stderr"],
    "include": "a+ő",
    "exclude": "health",
}
PLAIN = {
    "framing": "octet",
    "format": "logplex",
    "on_lag": "skip",
    "max_lag_seconds": 60,
    "connections": 3,
}
HEADERS, CERTIFICATES = {"X-Key": "s3cret"}, {"ca": "a CA", "certificate": "a certificate"}
OPTIONS = {**PLAIN, "filter": FILTER, "headers": HEADERS, "tls": CERTIFICATES}


@contextmanager
def opened(url: str) -> Iterator[Any]:
    """A connection of the database's own library; all is committed in the end."""
    made: Any = (
        sqlite3.connect(url.removeprefix("sqlite:///"))
        if url.startswith("sqlite")
        else psycopg2.connect(url)
    )
    with closing(made), made:
        yield made


def add_drain_with_columns(connection: Any, app: str, cipher: Fernet) -> None:
    """As version 0006 of the schema has one with every option."""
    is_sqlite = isinstance(connection, sqlite3.Connection)
    columns = {
        **{"id": uuid.uuid4().hex, "app": app, "space": "gs", "site": "", "name": ""},
        **{"url": encrypted(cipher, "https://h/"), "url_digest": app, "address": "https://h/"},
        **{"paused": False, "start": "exact", "start_pending": False, "cursor_version": 0},
        **{"created_at": "2026-01-31 12:00:00+00:00", "updated_at": "2026-01-31 12:00:00+00:00"},
        **PLAIN,
        "filter": json.dumps(FILTER),
        "headers": encrypted(cipher, json.dumps(HEADERS)),
        "tls": encrypted(cipher, json.dumps({**CERTIFICATES, "key": "s3cret"})),
    }
    names, marks = ", ".join(columns), ", ".join(["?" if is_sqlite else "%s"] * len(columns))
    connection.cursor().execute(
        f"INSERT INTO drains_drain ({names}) VALUES ({marks})", list(columns.values())
    )


def encrypted(cipher: Fernet, text: str) -> str:
    return cipher.encrypt(text.encode()).decode()


def option_columns(connection: Any) -> list[Any]:
    cursor = connection.cursor()
    cursor.execute(f"SELECT {', '.join(OPTIONS)} FROM drains_drain ORDER BY app")
    return list(cursor.fetchall())


def options_of(shuttle: Shuttle, app: str) -> dict[str, Any]:
    (drain,) = shuttle.api.get(f"/apps/{app}-gs/log-drains").json()
    return {name: drain[name] for name in OPTIONS}


def migrate(shuttle: Shuttle, *until: str) -> None:
    with shuttle.run("migrate", *until) as migrating:
        assert migrating.wait() == 0, migrating.output()


def commit(kafka: Broker, group: str, topic: str, offset: int) -> None:
    """As a worker of before did, with nothing beside the offset."""
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": group})
    consumer.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=False)
    consumer.close()


class OldDrains:
    """Rows as version 0005 of the schema has them."""

    def __init__(self, database: sqlite3.Connection, cipher: Fernet) -> None:
        self._database = database
        self._cipher = cipher

    def drain(self, app: str, space: str, sink: Receiver, made: datetime, *, met: bool) -> str:
        drain_id, at = uuid.uuid4().hex, made.strftime("%Y-%m-%d %H:%M:%S.%f")
        self._insert(
            "drains_drain",
            id=drain_id,
            app=app,
            space=space,
            site="",
            name="",
            url=self._cipher.encrypt(sink.url.encode()).decode(),
            url_digest=drain_id,
            address=sink.url,
            paused=False,
            active_since=at,
            created_at=at,
            updated_at=at,
            framing="newline",
            format="rfc5424",
            on_lag="replay",
            max_lag_seconds=86_400,
            connections=1,
            filter="{}",
            headers="",
            tls="",
        )
        if met:
            self._insert(
                "drains_drainstatus",
                drain_id=drain_id,
                worker="gone",
                state="live",
                last_error="",
                reported_at=at,
                lag_messages=0,
                lag_seconds=0,
                lines_sent=2,
                bytes_sent=200,
                lines_lost=0,
            )
        return drain_id

    def cursor(self, drain_id: str, topic: str, offset: int) -> None:
        self._insert(
            "drains_draincursor",
            drain_id=drain_id,
            topic=topic,
            partition=0,
            offset=offset,
            topic_id="",
        )

    def _insert(self, table: str, **columns: object) -> None:
        names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
        self._database.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})",
            list(columns.values()),
        )

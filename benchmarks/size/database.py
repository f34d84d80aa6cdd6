"""What PostgreSQL itself tells of an installation's database."""

from __future__ import annotations

from typing import Any, NamedTuple

import psycopg2

_WRITTEN = "SELECT relname, n_tup_ins + n_tup_upd FROM pg_stat_user_tables"
_OTHERS = """
    SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()
"""
_LARGEST = """
    SELECT relname, n_live_tup, pg_total_relation_size(relid) FROM pg_stat_user_tables
    WHERE n_live_tup > 0 ORDER BY 3 DESC LIMIT 6
"""


class Written(NamedTuple):
    rows: dict[str, int]
    """Inserted or updated since the database was made, by table."""
    wal_bytes: int


class Database:
    def __init__(self, url: str) -> None:
        self._connection = psycopg2.connect(url)
        self._connection.autocommit = True

    def written(self) -> Written:
        rows = {table: int(count) for table, count in self._ask(_WRITTEN)}
        ((place,),) = self._ask("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")
        return Written(rows, int(place))

    def count(self, table: str) -> int:
        ((rows,),) = self._ask(f"SELECT count(*) FROM {table}")
        return int(rows)

    def connections(self) -> int:
        """Of others to this database."""
        ((others,),) = self._ask(_OTHERS)
        return int(others)

    def largest(self) -> list[tuple[str, int, int]]:
        """Tables with their rows and bytes, indexes and all."""
        return self._ask(_LARGEST)

    def close(self) -> None:
        self._connection.close()

    def _ask(self, question: str) -> list[Any]:
        with self._connection.cursor() as cursor:
            cursor.execute(question)
            return list(cursor.fetchall())

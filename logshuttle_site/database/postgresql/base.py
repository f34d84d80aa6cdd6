"""Django's wrapper of one connection, a thread's own, with what is ours.

- A process has settings.DATABASE_CONNECTIONS of them at most at a time; who comes when all are in
  use waits for WAIT_SECONDS, and is then told so by an OperationalError of SQLSTATE 53300.
- `cut` ends one from outside, whoever waits for its answer.
- It counts what was committed: DatabaseConflicts asks.
- OPTIONS has what libpq takes, and what `options.py` puts beside it.
"""

from __future__ import annotations

import logging
import re
import threading
from functools import cache
from typing import Any

import psycopg2
from django.conf import settings
from django.db.backends.postgresql import base

from logshuttle_site.database.postgresql.connection import Connection, Cursor
from logshuttle_site.database.postgresql.process_connections import (
    WAIT_SECONDS,
    ProcessConnections,
)

logger = logging.getLogger(__name__)

_TAKES_NO_OPTIONS = re.compile(r"unsupported startup parameter|command-line options")
"""As pgbouncer says it, and as RDS Proxy does: there is no SQLSTATE to go by."""


class NoFreeConnectionError(psycopg2.OperationalError):  # type: ignore[misc]
    pgcode = "53300"


class DatabaseWrapper(base.DatabaseWrapper):
    connection: Connection | None
    commits = 0
    """Transactions that stand, of this thread so far."""

    def commit(self) -> None:
        super().commit()
        self.commits += 1

    def cut(self) -> None:
        """From any thread: its connection, if there is one, has come to its end. Who waits for an
        answer gets an OperationalError at once. Nothing is waited for here."""
        raw = self.connection
        if raw is not None:
            raw.cut()

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        return {**params, "connection_factory": Connection, "cursor_factory": Cursor}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection:
        params = dict(conn_params)
        time_limits = params.pop("time_limits", "")
        connections = connections_of_this_process(params.pop("silent_seconds", None))
        raw = connections.open(lambda: self._connected(params, time_limits))
        if raw is None:
            raise NoFreeConnectionError(
                f"all {connections.count} connections of this process (DATABASE_CONNECTIONS) were"
                f" in use for {WAIT_SECONDS:g} s"
            )
        return raw

    def _connected(self, params: dict[str, Any], time_limits: str) -> Any:
        """`time_limits`: of the server's, which a pooler may refuse."""
        if time_limits and not _poolers:
            own = {**params, "options": f"{time_limits} {params.get('options', '')}".strip()}
            try:
                return self._connect(own)
            except psycopg2.OperationalError as error:
                if not _TAKES_NO_OPTIONS.search(str(error)):
                    raise
                self._say_pooler()
        return self._connect(params)

    def _connect(self, params: dict[str, Any]) -> Any:
        try:
            return super().get_new_connection(params)
        except psycopg2.OperationalError:
            raise
        except psycopg2.Error as error:  # what libpq does not take, no question can be blamed for
            raise psycopg2.OperationalError(str(error)) from error

    @staticmethod
    def _say_pooler() -> None:
        with _lock:
            if _poolers:
                return
            _poolers.add(True)
        logger.warning(
            "A pooler stands before the database and takes no time-outs of ours: give them to the"
            " role (docs/operations.md)",
            extra={"action": "database_pooler"},
        )


_lock = threading.Lock()
_poolers: set[bool] = set()
"""Not empty once one has refused our time-outs."""


@cache
def connections_of_this_process(silent_seconds: float | None) -> ProcessConnections:
    return ProcessConnections(settings.DATABASE_CONNECTIONS, silent_seconds)

"""What a driver raises, as a server would have it."""

from __future__ import annotations

import psycopg2


def driver_error(state: str) -> psycopg2.Error:
    """`state`: its SQLSTATE."""
    kind = type("DriverError", (psycopg2.OperationalError,), {"pgcode": state})
    made: psycopg2.Error = kind("as the driver says it: password=hunter2")
    return made

"""What the figures for operators cost a process, by its own word (`cost` in its rollups)."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

WORKERS, WEB = "shuttle_rollup", "sessions_app_tailrollup"


def figures_cpu_seconds(database: Path, table: str) -> float | None:
    """In all hours. None: of a version that does not tell."""
    found = None
    with closing(sqlite3.connect(database)) as connection, suppress(sqlite3.OperationalError):
        rows = connection.execute(f"SELECT figures FROM {table} WHERE span = 'hour'")
        for (figures,) in rows:
            cost = json.loads(figures).get("cost")
            if cost is not None:
                found = (found or 0.0) + cost["cpu_us"] / 1e6
    return found

"""A database in a file, where no file can be: said at the start, as it is never going to work."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from events.process.folders import may, why_not_writable
from logshuttle_site.command_line import WITHOUT_DATABASE
from logshuttle_site.env import Env


def refuse_no_file(env: Env, database: Mapping[str, Any], command: str) -> None:
    """Notes a fault where a command of manage.py wants a file and can have none."""
    name = str(database.get("NAME", ""))
    is_file = database.get("ENGINE", "").endswith("sqlite3") and ":memory:" not in name
    if not command or command in WITHOUT_DATABASE or not is_file:
        return
    file = Path(name).absolute()
    why = why_not_writable(file.parent)
    if not why and os.path.exists(file) and not may(file, os.W_OK):
        why = f"it is not writable for user {os.getuid()}"
    if why:
        env.fault("DATABASE_URL", f"the database is to be the file {file}, but {why}")

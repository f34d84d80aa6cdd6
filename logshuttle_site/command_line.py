"""Which of manage.py's commands runs, and what it needs of the settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

SERVERS = frozenset({"runweb", "runshuttle", "runals", "rundemo"})
"""None of these may ever wait for whoever reads its log, nor long for a database."""
WITHOUT_DATABASE = frozenset(
    {"check", "devkafka", "help", "makemigrations", "rundemo", "runals", "tail", "version"}
)
WITHOUT_CACHE = WITHOUT_DATABASE | {"runshuttle", "migrate", "createsuperuser"}
OFFLINE = frozenset(
    {
        "changepassword",
        "check",
        "clearsessions",
        "createsuperuser",
        "dbshell",
        "devkafka",
        "help",
        "makemigrations",
        "migrate",
        "rundemo",
        "showmigrations",
        "sqlmigrate",
        "version",
    }
)
"""These serve nobody and decrypt nothing: they do without what is otherwise required."""


def command_of(argv: Sequence[str]) -> str:
    """The command's name, `help` where it only explains itself; empty: this is not manage.py."""
    program, *words = argv
    if Path(program).name != "manage.py":
        return ""
    if not words or words[0] in ("-h", "--help") or "--help" in words:
        return "help"
    return words[0].removeprefix("--")

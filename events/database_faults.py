"""What a database says besides an answer, told apart in one place: by SQLSTATE of PostgreSQL
(https://www.postgresql.org/docs/current/errcodes-appendix.html), by result code of SQLite.

It knows no framework: whatever wraps a driver's error has that as its cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum


class DatabaseFault(Enum):
    """Why there was no answer. The value says it, in a sentence that begins with "the database"."""

    AWAY = "is away"
    REFUSES_US = "does not let us in"
    FULL = "has no room left"
    NO_CONNECTIONS = "has no connection left for us"
    READ_ONLY = "takes no writes"
    TOO_SLOW = "takes too long, or somebody holds what is asked for"
    CONFLICT = "had to choose between us and others"
    """A deadlock, or a serialization that failed: the whole transaction may be tried again."""
    OLD_SCHEMA = "lacks a table or a column: `manage.py migrate` has not run"
    NO_RIGHT = "does not let us do this"


_BY_STATE = {
    "25006": DatabaseFault.READ_ONLY,
    "25P03": DatabaseFault.TOO_SLOW,  # idle in a transaction
    "25P04": DatabaseFault.TOO_SLOW,  # a transaction as a whole
    "3D000": DatabaseFault.REFUSES_US,
    "40001": DatabaseFault.CONFLICT,
    "40003": DatabaseFault.AWAY,  # nobody knows whether it was done
    "40P01": DatabaseFault.CONFLICT,
    "42501": DatabaseFault.NO_RIGHT,
    "42703": DatabaseFault.OLD_SCHEMA,
    "42P01": DatabaseFault.OLD_SCHEMA,
    "3F000": DatabaseFault.OLD_SCHEMA,
    "53300": DatabaseFault.NO_CONNECTIONS,
    "55P03": DatabaseFault.TOO_SLOW,
    "57014": DatabaseFault.TOO_SLOW,
}
_BY_CLASS = {
    "08": DatabaseFault.AWAY,
    "28": DatabaseFault.REFUSES_US,
    "53": DatabaseFault.FULL,
    "57": DatabaseFault.AWAY,  # it ends, or begins
    "58": DatabaseFault.AWAY,
    "XX": DatabaseFault.AWAY,
}
_BY_SQLITE_CODE = {
    "SQLITE_BUSY": DatabaseFault.TOO_SLOW,
    "SQLITE_LOCKED": DatabaseFault.TOO_SLOW,
    "SQLITE_PROTOCOL": DatabaseFault.TOO_SLOW,  # others began to read or write too often
    "SQLITE_FULL": DatabaseFault.FULL,
    "SQLITE_READONLY": DatabaseFault.READ_ONLY,
    "SQLITE_CANTOPEN": DatabaseFault.AWAY,
    "SQLITE_IOERR": DatabaseFault.AWAY,
    "SQLITE_CORRUPT": DatabaseFault.AWAY,
    "SQLITE_NOTADB": DatabaseFault.AWAY,
}
# Where a connection is refused libpq has no SQLSTATE, only words; SQLite has one code for these.
_BY_WORDS = (
    (re.compile(r"too many (?:clients|connections)|remaining connection slots"
                r"|no more connections allowed"), DatabaseFault.NO_CONNECTIONS),
    (re.compile(r"query_wait_timeout|client_login_timeout"), DatabaseFault.NO_CONNECTIONS),
    (re.compile(r"no such (?:table|column)|has no column named"), DatabaseFault.OLD_SCHEMA),
    (re.compile(r"authentication failed|no pg_hba\.conf entry|no password supplied"
                r"|(?:database|role) \"[^\"]*\" does not exist|no such (?:database|user)"),
     DatabaseFault.REFUSES_US),
)  # fmt: skip
_ASIDE = re.compile(r"\n(?:LINE \d+: |CONTEXT: |\tThis probably means ).*", re.DOTALL)
"""A piece of our own question, or what libpq makes of a connection that has ended."""
_PEP_249 = frozenset({"DatabaseError", "InterfaceError"})
_ALWAYS_AWAY = frozenset({"OperationalError", "InterfaceError"})


def fault_of(error: BaseException) -> DatabaseFault | None:
    """What a driver's error, or what wraps it, says of the database. None: it says nothing of the
    database, but of a question that was wrong: a fault of ours, or of who asked."""
    chain = [one for one in _with_causes(error) if _is_drivers(one)]
    codes = [code for code in map(_code_of, chain) if code]
    for code in codes:
        if (found := _by_code(code)) is not None:
            return found
    for one in chain:
        for words, fault in _BY_WORDS:
            if words.search(str(one)):
                return fault
    is_away = not codes and any(type(one).__name__ in _ALWAYS_AWAY for one in chain)
    return DatabaseFault.AWAY if is_away else None


def said_by(error: BaseException) -> str:
    """The driver's own words, on one line, without its guesses."""
    return " ".join(_ASIDE.sub("", str(error)).split()) or type(error).__name__


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__


def _is_drivers(error: BaseException) -> bool:
    """PEP 249 has these names, and drivers and frameworks have nothing else in common."""
    return bool(_PEP_249 & {kind.__name__ for kind in type(error).__mro__})


def _code_of(error: BaseException) -> str:
    return getattr(error, "pgcode", None) or getattr(error, "sqlite_errorname", None) or ""


def _by_code(code: str) -> DatabaseFault | None:
    if code.startswith("SQLITE_"):
        return _BY_SQLITE_CODE.get("_".join(code.split("_")[:2]))  # the rest is where it happened
    return _BY_STATE.get(code) or _BY_CLASS.get(code[:2])

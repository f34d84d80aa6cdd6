"""Why the cache does not serve, in a few words for operators: no URL, no secret."""

from __future__ import annotations

import re
import ssl

from redis import exceptions as redis

from drains.delivery.network.errors import explain
from drains.delivery.network.tls_errors import PLAIN_HINT, explain_tls

_ENDS = "it ended our connection: it was stopped, or wants TLS (rediss://)"
_NO_RIGHT = "our user may not do there what we need (ACL)"
_WRONG_LOGIN = "it does not take our user or password"
_KINDS: tuple[tuple[type[Exception], str], ...] = (
    (redis.AuthenticationWrongNumberOfArgsError, _WRONG_LOGIN),
    (redis.ReadOnlyError, "it is read-only, as a replica is"),
    (redis.OutOfMemoryError, "it is full (maxmemory)"),
    (redis.BusyLoadingError, "it is still loading its data"),
    (redis.MaxConnectionsError, "it has no connection left for us"),
    (redis.MasterDownError, "it is a replica without a primary"),
    (redis.ClusterDownError, "it is a cluster, and down: one server is needed"),
    (redis.AskError, "it is a cluster: one server is needed"),
    (redis.InvalidResponse, "it does not speak as Redis does: another port may be right"),
    (FileNotFoundError, "a file or socket that REDIS_URL names is not there"),
    (PermissionError, "we may not open a file or socket that REDIS_URL names"),
    (ConnectionResetError, _ENDS),
)
# What its driver has no kind for.
_WORDS = {
    "WRONGPASS": _WRONG_LOGIN,
    "MISCONF": "it cannot write to its disk and takes nothing",
    "NOREPLICAS": "it has too few replicas and takes nothing",
    "DB index": "it has no database of the number that REDIS_URL ends with",
    "The user executing the script": f"{_NO_RIGHT}: INCRBY or EXISTS",
    "unknown command": "it does not know SET: a Sentinel is not asked, but the server behind it",
    "max number of clients": "it has no connection left for us",
    "Connection closed by server": _ENDS,
}
_COMMAND = re.compile(r"run the '([a-z|]{1,30})'")
_SHOWN_CHARACTERS = 200


def is_about_a_value(error: BaseException) -> bool:
    """Whether it speaks of what lies under the key, which somebody else has put there."""
    said = str(error)
    return isinstance(error, redis.ResponseError) and (
        said.startswith("WRONGTYPE") or "not an integer" in said or "overflow" in said
    )


def reason_of(error: BaseException) -> str:
    """On one line."""
    while isinstance(error.__context__, redis.ResponseError):
        error = error.__context__  # its driver goes on to ask for another thing
    said, cause = str(error), _cause_of(error)
    if isinstance(error, redis.NoPermissionError) or _COMMAND.search(said):
        return f"{_NO_RIGHT}{_command_in(said)}"
    for kind, words in _KINDS:
        if isinstance(error, kind) or isinstance(cause, kind):
            return words
    for begin, words in _WORDS.items():
        if said.startswith(begin):
            return words
    if isinstance(error, redis.AuthenticationError):
        wants_one = "required" in said or "already authenticated" in said
        return "it wants a password" if wants_one else _WRONG_LOGIN
    if "handshake" in str(cause) and isinstance(cause, TimeoutError):
        return "no answer in the TLS handshake: it may not speak TLS"
    if isinstance(error, redis.TimeoutError | TimeoutError):
        return "no answer in time"
    if isinstance(cause, ssl.SSLError):
        return explain_tls(cause).removesuffix(PLAIN_HINT).replace("the receiver", "it")
    if cause is not None:
        return explain(cause)
    return " ".join(said.split())[:_SHOWN_CHARACTERS] or type(error).__name__


def _command_in(said: str) -> str:
    """The one that is not allowed; nothing where it is about keys."""
    found = _COMMAND.search(said)
    return f": {found[1].upper()}" if found else ""


def _cause_of(error: BaseException | None) -> OSError | None:
    """What the system said, under what its driver made of it."""
    while error is not None:
        if isinstance(error, OSError):
            return error
        error = error.__cause__ or error.__context__
    return None

"""Why the cache does not serve, in a few words for operators: no URL, no secret."""

from __future__ import annotations

import ssl

from redis import exceptions as redis

from drains.delivery.network.errors import explain
from drains.delivery.network.tls_errors import explain_tls

_KINDS: tuple[tuple[type[Exception], str], ...] = (
    (redis.AuthenticationWrongNumberOfArgsError, "it does not take our user or password"),
    (redis.ReadOnlyError, "it is read-only, as a replica is"),
    (redis.OutOfMemoryError, "it is full (maxmemory)"),
    (redis.NoPermissionError, "our user may not do there what we need (ACL)"),
    (redis.BusyLoadingError, "it is still loading its data"),
    (redis.MaxConnectionsError, "it has no connection left for us"),
)
_CODES = {
    "NOAUTH": "it wants a password",
    "WRONGPASS": "it does not take our user or password",
    "MISCONF": "it cannot write to its disk and takes nothing",
    "NOREPLICAS": "it has too few replicas and takes nothing",
    "MASTERDOWN": "it is a replica without a primary",
    "LOADING": "it is still loading its data",
    "CLUSTERDOWN": "its cluster is down",
    "MOVED": "it is a cluster: one server is needed",
}
_SHOWN_CHARACTERS = 200


def is_about_a_value(error: BaseException) -> bool:
    """Whether it speaks of what lies under the key, which somebody else has put there."""
    said = str(error)
    return isinstance(error, redis.ResponseError) and (
        said.startswith("WRONGTYPE") or "not an integer" in said or "overflow" in said
    )


def reason_of(error: BaseException) -> str:
    """On one line."""
    said = str(error)
    for kind, words in _KINDS:
        if isinstance(error, kind):
            return words
    for code, words in _CODES.items():
        if said.startswith(code):
            return words
    if isinstance(error, redis.AuthenticationError):  # its driver takes the code away
        wants_one = "required" in said or "already authenticated" in said
        return _CODES["NOAUTH" if wants_one else "WRONGPASS"]
    cause = _cause_of(error)
    if "handshake" in str(cause) and isinstance(cause, TimeoutError):
        return "no answer in the TLS handshake: it may not speak TLS"
    if isinstance(error, redis.TimeoutError | TimeoutError):
        return "no answer in time"
    if isinstance(cause, ssl.SSLError):
        return explain_tls(cause)
    if cause is not None:
        return explain(cause)
    return " ".join(said.split())[:_SHOWN_CHARACTERS] or type(error).__name__


def _cause_of(error: BaseException | None) -> OSError | None:
    """What the system said, under what its driver made of it."""
    while error is not None:
        if isinstance(error, OSError):
            return error
        error = error.__cause__ or error.__context__
    return None

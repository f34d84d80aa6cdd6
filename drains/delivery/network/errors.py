"""Why bytes did not get there, in the words an operator would have seen by hand.

DeliveryError
├── DialError         no connection could be made
│   ├── RefusedByPolicyError   nor may one be made: see drains/delivery/network/egress.py
│   └── ShortageError          for want of something on our side
└── ConnectionEndedError   there was one, and it is over
    ├── UnansweredError    a request was under way
    ├── HungError          its receiver had stopped reading
    └── FloodError         its receiver says more than we can hear; it may not be dialled either
"""

from __future__ import annotations

import errno
import socket

STOPPED_READING = "timed out: the receiver stopped reading"
NO_FILES = "no open files are left on our side"
OURS = {errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL}

_SAID = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset by the receiver",
    errno.EPIPE: "connection closed by the receiver",
    errno.ETIMEDOUT: "timed out",
    errno.EHOSTUNREACH: "no route to host",
    errno.ENETUNREACH: "network is unreachable",
    errno.EMFILE: NO_FILES,
    errno.ENFILE: NO_FILES,
    errno.EADDRNOTAVAIL: "no local port is left on our side",
}


class DeliveryError(Exception):
    """Its text is shown to the drain's owner: no address but theirs, no secret."""


class DialError(DeliveryError):
    pass


class RefusedByPolicyError(DialError):
    def __init__(self, why: str) -> None:
        super().__init__(f"refused by policy: {why}")


class ShortageError(DialError):
    """The receiver has no part in it."""


class ConnectionEndedError(DeliveryError):
    pass


class UnansweredError(ConnectionEndedError):
    pass


class HungError(ConnectionEndedError):
    """What its kernel has confirmed lately may not have been read, however long ago that was."""

    def __init__(self, why: str = STOPPED_READING) -> None:
        super().__init__(why)


class FloodError(ConnectionEndedError):
    """`retry_after_seconds`: for so long it is left alone, whatever a handshake would show."""

    def __init__(self, how: str, retry_after_seconds: float) -> None:
        super().__init__(f"the receiver floods us: {how}")
        self.retry_after_seconds = retry_after_seconds


def explain(error: BaseException) -> str:
    """A few words for what the system said."""
    if isinstance(error, DeliveryError):
        return str(error)
    if isinstance(error, socket.gaierror):
        return "no such host" if error.errno in NO_SUCH_HOST else "name look-up failed"
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, OSError) and error.errno in _SAID:
        return _SAID[error.errno]
    if isinstance(error, OSError) and error.errno is None:
        return "cannot be reached"  # each address for another reason
    return str(error) or type(error).__name__


NO_SUCH_HOST = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}

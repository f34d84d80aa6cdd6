"""Why a session cannot be opened or read.

SessionError
├── InvalidSessionError   fields are wrong; says which, and why
├── UnknownSessionError   there is none with this id, or it is over
└── TooManyError          comes back after `wait` seconds
"""

from __future__ import annotations

from collections.abc import Mapping


class SessionError(Exception):
    pass


class InvalidSessionError(SessionError):
    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {why}" for field, why in faults.items()))
        self.faults = faults
        """Why each field is wrong."""


class UnknownSessionError(SessionError):
    def __init__(self, *, is_over: bool = False) -> None:
        super().__init__("No such log session, or it is over")
        self.is_over = is_over


class TooManyError(SessionError):
    def __init__(self, what: str, wait: float) -> None:
        super().__init__(what)
        self.wait = wait

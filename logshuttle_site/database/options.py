"""OPTIONS of settings.DATABASES beside what the URL says, which wins."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_CONNECTION = {
    "connect_timeout": 5,
    # One that is not there any more is noticed within 25 s, also with nothing under way; 15 s with.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
_TIME_LIMITS = {
    "statement_timeout": 10_000,
    "lock_timeout": 5_000,
    "idle_in_transaction_session_timeout": 30_000,
}
"""In ms, as the server keeps to them."""
_SILENT_SECONDS = 12.0
_ABOVE_SECONDS = 2.0
"""Above `statement_timeout`: a server that still can says itself what is wrong."""
_STATEMENT_TIMEOUT = re.compile(
    r"(?i:statement[_-]timeout)=(\d+(?:\.\d+)?)[\\ ]*(us|ms|s|min|h|d)?", re.ASCII
)
_SECONDS = {"us": 1e-6, "": 1e-3, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def postgres_options(
    given: Mapping[str, Any], of_environment: str = "", *, serves: bool
) -> dict[str, Any]:
    """`given`: parameters of the URL. `of_environment`: PGOPTIONS, of which libpq takes nothing
    where it is given any `options`. `serves`: questions have time limits."""
    options = {**_CONNECTION, **given}
    asked = f"{of_environment} {given.get('options', '')}".strip()
    if asked:
        options["options"] = asked
    if serves:
        options["time_limits"] = " ".join(f"-c {name}={ms}" for name, ms in _TIME_LIMITS.items())
        if seconds := _silent_seconds(asked):
            options["silent_seconds"] = seconds
    return options


def _silent_seconds(asked: str) -> float | None:
    """None: a question may take for ever, and silence says nothing."""
    found = _STATEMENT_TIMEOUT.findall(asked)
    if not found:
        return _SILENT_SECONDS
    number, unit = found[-1]
    seconds = float(number) * _SECONDS[unit]
    return max(_SILENT_SECONDS, seconds + _ABOVE_SECONDS) if seconds else None

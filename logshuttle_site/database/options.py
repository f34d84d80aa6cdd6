"""OPTIONS of settings.DATABASES beside what the URL says, which wins."""

from __future__ import annotations

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
"""Above `statement_timeout`: a server that still can says itself what is wrong."""


def postgres_options(given: Mapping[str, Any], *, serves: bool) -> dict[str, Any]:
    """`given`: parameters of the URL. `serves`: questions have time limits."""
    options = {**_CONNECTION, **given}
    if serves:
        options["time_limits"] = " ".join(f"-c {name}={ms}" for name, ms in _TIME_LIMITS.items())
        if "statement_timeout" not in str(given.get("options", "")):
            options["silent_seconds"] = _SILENT_SECONDS
    return options

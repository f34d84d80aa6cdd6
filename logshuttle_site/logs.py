"""Our own log: for people on a console, or JSON, one object a line."""

from __future__ import annotations

import re
from typing import Any

import structlog

# An id behind it opens a session, and whoever makes a request's record may have its path in it: as
# it was sent, with any letter percent-encoded, and whatever stands between (`//`, `;`).
_WORD = "".join(f"(?:{letter}|%{ord(letter):02x})" for letter in "log-sessions")
_SESSION_PATH = re.compile(rf"""({_WORD})((?:[^\s?"'<>\\]|\\u[0-9a-f]{{4}})+)""", re.IGNORECASE)
_PUNCTUATION = ":,.;)]"

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

_ROOMS = ("events", "drains", "shuttle", "sessions_app", "logshuttle_site")
# At DEBUG Django logs each query with its values, and a template's whole context where that lacks a
# name; who knows what others will. LOG_LEVEL=DEBUG is of our own parts.
_LIBRARIES_LEVEL = {"DEBUG": "INFO"}

_SAY_TOO_MUCH = {
    "django.request": {"level": "ERROR"},  # what is refused is said by errors.py, with its reason
    "django.channels.server": {"level": "WARNING"},  # says each request
    "daphne": {"level": "WARNING"},
    "axes": {"level": "ERROR"},  # login/guard.py says what is refused
    # It says nothing unless KAFKA_CONF_debug is set, and then that is wanted.
    "events.kafka.librdkafka_log": {"level": "DEBUG"},
}


def without_session_ids(logger: object, method: str, rendered: str) -> str:
    """The last of structlog's processors: all of a record is text by now, tracebacks too."""
    return _SESSION_PATH.sub(_without_id, rendered)


def _without_id(found: re.Match[str]) -> str:
    path = found[2].rstrip(_PUNCTUATION)
    if not path:
        return found[0]
    socket = "/ws" if path.endswith(("/ws", "/ws/")) else ""
    return f"{found[1]}/…{socket}{found[2][len(path) :]}"


# Local variables are the surest place to find a secret in, and structlog shows them unless told.
_as_objects = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


def logging_config(level: str, form: str, *, debug_sessions: bool = False) -> dict[str, Any]:
    """Django's LOGGING for LOG_LEVEL, LOG_FORMAT and DEBUG_SESSION."""
    render = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        )
    )
    others = _LIBRARIES_LEVEL.get(level, level)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "ours": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [
                    structlog.stdlib.add_log_level,
                    structlog.stdlib.add_logger_name,
                    structlog.stdlib.ExtraAdder(allow=("action", "client")),
                    structlog.processors.TimeStamper(fmt="iso", utc=True),
                ],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    _as_objects if form == "json" else structlog.processors.format_exc_info,
                    render,
                    without_session_ids,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "ours"}},
        "root": {"handlers": ["stderr"], "level": others},
        "loggers": {
            "django": {"handlers": [], "level": others, "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            **{room: {"level": level} for room in _ROOMS},
            **({"sessions_app": {"level": "DEBUG"}} if debug_sessions else {}),
            **_SAY_TOO_MUCH,
        },
    }

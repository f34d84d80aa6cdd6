"""Our own log: no id of a log session is ever in it, nor a secret that a variable holds."""

from __future__ import annotations

import logging
import logging.config
import sys
from typing import Any
from urllib.parse import unquote

import pytest
from django.utils.log import AdminEmailHandler

from logshuttle_site.logs import logging_config

ID = "5b0f7b0e-3c53-4f5e-9f43-0a9f5c1f2d3e"


class ShownError(Exception):
    """Has an id where a traceback shows it."""


def formatted(form: str, *args: Any, exc_info: Any = None) -> str:
    formatter = logging.config.DictConfigurator(logging_config("INFO", form)).configure_formatter(
        logging_config("INFO", form)["formatters"]["ours"]
    )
    record = logging.LogRecord(
        "django.request", logging.WARNING, "", 0, args[0], args[1:], exc_info
    )
    text: str = formatter.format(record)
    return text


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize(
    "args",
    [
        ("%s: %s", "Not Found", f"/log-sessions/{ID}"),
        (f"GET /log-sessions/{ID}/ws?q=x",),
        (f"<WebRequest at 0x1 method=GET uri=/log-sessions/{ID} clientproto=HTTP/1.1>",),
        (f"https://logs.example/Log-Sessions/{ID}",),
        (f"%2Flog-sessions%2F{ID}",),
        (f"GET /log-sessions//{ID}: 404",),
        (f"GET //log-sessions///{ID}/: 404",),
        (f"GET /log-sessions;x=1/{ID}/ws",),
        (f"GET /log-sessions/;/{ID};x",),
        (f"GET /log-sessions/./x/../{ID}",),
        (f"GET /log-sessions:{ID}",),
        (f"GET /log-sessions{ID}",),
        (f"GET /log-sessions/é/{ID}",),
        (f"uri=/log%2dsessions/%2F{ID}",),
        (f"uri=/%6Cog-%73essions%3B/{ID}",),
    ],
)
def test_no_id_is_logged(form: str, args: tuple[str, ...]) -> None:
    said = formatted(form, *args)

    assert ID not in said
    assert "sessions" in unquote(said).lower()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("GET /log-sessions/ID: 404 nothing", "GET /log-sessions/…: 404 nothing"),
        ("GET /log-sessions/ID/ws: 403", "GET /log-sessions/…/ws: 403"),
        ("(at /log-sessions/ID/ws/)", "(at /log-sessions/…/ws)"),
        ("POST /log-sessions: 401", "POST /log-sessions: 401"),
        ("POST /log-sessions for gold-gs: 422", "POST /log-sessions for gold-gs: 422"),
    ],
)
def test_what_else_is_said_stays(said: str, shown: str) -> None:
    assert shown in formatted("console", said.replace("ID", ID))


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_traceback_shows_one(form: str) -> None:
    try:
        raise ShownError(f"at /log-sessions/{ID}")
    except ShownError:
        said = formatted(form, "It failed", exc_info=sys.exc_info())

    assert "ShownError" in said
    assert ID not in said


def test_more_is_said_of_sessions_where_that_is_wanted() -> None:
    levels = {
        wanted: logging_config("WARNING", "json", debug_sessions=wanted)["loggers"]["sessions_app"]
        for wanted in (False, True)
    }

    assert levels == {False: {"level": "WARNING"}, True: {"level": "DEBUG"}}


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_traceback_shows_variables(form: str) -> None:
    """Those of all frames, and of the exceptions that came before."""

    def fails(url: str) -> None:
        headers = {"X-Key": "s3cret-of-a-header"}
        try:
            raise KeyError(len(headers))
        except KeyError as error:
            raise ShownError(f"{len(url)} characters") from error

    url = "https://us:s3cret-of-a-url@h/"
    try:
        fails(url)  # a traceback shows this line, whoever writes it
    except ShownError:
        said = formatted(form, "It failed", exc_info=sys.exc_info())

    assert "29 characters" in said
    assert "KeyError" in said
    assert "s3cret" not in said


def test_libraries_never_say_more_than_info() -> None:
    config = logging_config("DEBUG", "json")

    assert config["root"]["level"] == config["loggers"]["django"]["level"] == "INFO"
    assert {name for name, of in config["loggers"].items() if of.get("level") == "DEBUG"} == {
        "events",
        "events.kafka.librdkafka_log",
        "drains",
        "shuttle",
        "sessions_app",
        "logshuttle_site",
    }
    assert logging_config("ERROR", "json")["root"]["level"] == "ERROR"


def test_nobody_is_mailed_what_went_wrong() -> None:
    """Django's own logging, which ours comes on top of, mails a page with all settings."""
    known = [logging.getLogger(), *map(logging.getLogger, logging.root.manager.loggerDict)]
    handlers = [handler for logger in known for handler in logger.handlers]

    assert not any(isinstance(handler, AdminEmailHandler) for handler in handlers)


@pytest.mark.parametrize("level", ["INFO", "ERROR"])
def test_what_librdkafka_says_is_written_whatever_the_level(level: str) -> None:
    """It comes only where KAFKA_CONF_debug wants it."""
    loggers = logging_config(level, "json")["loggers"]

    assert loggers["events.kafka.librdkafka_log"] == {"level": "DEBUG"}

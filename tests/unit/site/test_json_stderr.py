"""With LOG_FORMAT=json whatever is written to stderr is an object a line."""

from __future__ import annotations

import io
import json
import sys
import threading
from typing import Any

import pytest

from logshuttle_site import json_stderr
from logshuttle_site.json_stderr import JsonLines, is_json_wanted

SESSION = "5b0f7b0e-3c53-4f5e-9f43-0a9f5c1f2d3e"


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def lines(out: io.StringIO) -> JsonLines:
    return JsonLines(out)


def objects(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_what_our_log_writes_stays_as_it_is(lines: JsonLines, out: io.StringIO) -> None:
    said = '{"event": "one", "level": "info"}\n{"event": "two"}\n'
    lines.write(said)
    assert out.getvalue() == said


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ("CommandError: PORT 1: Address already in use\n", "error"),
        ("These settings are wrong or missing:\n  PORT: required\n", "error"),
        ("manage.py runweb: error: unrecognized arguments: --nix\n", "error"),
        ("Traceback (most recent call last):\n  File\nKeyError: 1\n", "error"),
        ("System check identified some issues:\n\nWARNINGS:\n?: (x.W001) y\n", "warning"),
        ("{not an object}\n", "warning"),
        ("[1]\n", "warning"),
        ('{"half": \n', "warning"),
    ],
)
def test_all_else_becomes_one_object(
    said: str, level: str, lines: JsonLines, out: io.StringIO
) -> None:
    lines.write(said)

    (made,) = objects(out)
    assert made["event"] == said.rstrip("\n")
    assert made["level"] == level
    assert made.keys() == {"event", "level", "logger", "timestamp"}


def test_pieces_of_a_line_are_put_together(lines: JsonLines, out: io.StringIO) -> None:
    print("one", "line", file=lines)
    lines.write("without an end")
    lines.flush()
    assert [made["event"] for made in objects(out)] == ["one line"]

    lines.finish()

    assert [made["event"] for made in objects(out)] == ["one line", "without an end"]


def test_blank_lines_are_left_out(lines: JsonLines, out: io.StringIO) -> None:
    print(file=lines)
    lines.write("\n\n")
    assert out.getvalue() == ""


def test_no_id_of_a_session_is_in_it(lines: JsonLines, out: io.StringIO) -> None:
    print(f"GET /log-sessions/{SESSION}", file=lines)
    assert SESSION not in out.getvalue()


@pytest.mark.parametrize(
    ("value", "wanted"), [("json", True), (" JSON ", True), ("", False), ("xml", False)]
)
def test_json_is_wanted_before_settings_are_read(value: str, wanted: bool) -> None:
    assert is_json_wanted({"LOG_FORMAT": value}) == wanted


@pytest.fixture
def _hooks(monkeypatch: pytest.MonkeyPatch, out: io.StringIO) -> None:
    monkeypatch.setattr(sys, "stderr", out)
    for module, hook in ((sys, "excepthook"), (threading, "excepthook"), (sys, "unraisablehook")):
        monkeypatch.setattr(module, hook, getattr(module, hook))
    monkeypatch.setattr("atexit.register", lambda done: None)
    monkeypatch.setattr("os.register_at_fork", lambda **done: None)
    json_stderr.speak_json()


@pytest.mark.usefixtures("_hooks")
def test_what_ends_a_process_or_a_thread_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    error = KeyError("why")

    sys.excepthook(KeyError, error, None)
    threading.excepthook(
        threading.ExceptHookArgs((KeyError, error, None, threading.current_thread()))
    )
    threading.excepthook(threading.ExceptHookArgs((SystemExit, SystemExit(1), None, None)))

    assert [(each.levelname, each.getMessage()) for each in caplog.records] == [
        ("CRITICAL", "This process ends: KeyError"),
        ("ERROR", f"A thread has ended: {threading.current_thread().name}"),
    ]
    assert all(each.exc_info and each.exc_info[1] is error for each in caplog.records)

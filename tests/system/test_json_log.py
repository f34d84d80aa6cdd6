"""LOG_FORMAT=json: each line of stderr is an object, whatever goes wrong, in real processes."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.kubernetes_services import variables_of
from tests.support.ports import free_port
from tests.support.processes import manage
from tests.support.settings_start import REQUIRED
from tests.support.shuttle import Shuttle

LIMIT_SECONDS = 60
DEAD = "postgres://u:s3cr3t@127.0.0.1:1/db"
GOOD = {**REQUIRED, "LOG_FORMAT": "json", "DATABASE_URL": DEAD, "PATH": "/usr/bin:/bin"}
BAD = {"LOG_FORMAT": "JSON", "PORT": "x", "DATABASE_URL": "postgres://u:s3cr3t#@h/db"}

SERVERS = ["runweb", "runshuttle", "runshuttle --workers 2", "runals"]
OTHERS = ["migrate", "doctor", "tail x-y", "rotatesecrets", "apikeys list", "drains list", "check"]


def said(command: str, environ: dict[str, str], folder: Path) -> tuple[int, str, list[Any]]:
    """Exit status, stdout, and the objects of stderr."""
    ended = subprocess.run(
        manage(*command.split()),
        env=environ,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert "s3cr3t" not in ended.stdout + ended.stderr
    return ended.returncode, ended.stdout, objects_in(ended.stderr)


def objects_in(text: str) -> list[Any]:
    found = [json.loads(line) for line in text.splitlines()]
    assert all({"event", "level", "timestamp"} <= each.keys() for each in found)
    return found


@pytest.mark.parametrize(
    "command",
    [
        "runweb",
        *(
            pytest.param(command, marks=pytest.mark.slow)
            for command in [*SERVERS[1:], *OTHERS]
            if not command.startswith("tail")  # which wants a key and a URL, and no settings
        ),
    ],
)
def test_bad_settings_are_one_object_and_status_2(command: str, tmp_path: Path) -> None:
    """Each command refuses what any refuses."""
    status, _, objects = said(command, BAD, tmp_path)

    assert status == 2
    (made,) = objects
    assert made["level"] == "error"
    for name in ("PORT", "DATABASE_URL"):
        assert f"\n  {name}: " in made["event"]


@pytest.mark.slow
def test_the_doctor_lists_them_as_json_where_it_was_asked(tmp_path: Path) -> None:
    status, stdout, objects = said("doctor --json", BAD, tmp_path)

    assert status == 2
    assert len(objects) == 1
    report = json.loads(stdout)
    assert report["failures"] == len(report["checks"]["Settings"]) == 5
    assert {each["verdict"] for each in report["checks"]["Settings"]} == {"fail"}


@pytest.mark.slow
@pytest.mark.parametrize("command", ["migrate", "doctor --limit 3", "rotatesecrets", "drains list"])
def test_a_dead_database_is_told_in_objects(command: str, tmp_path: Path) -> None:
    status, _, objects = said(command, {**GOOD, "TEST_MODE": "off"}, tmp_path)

    assert status == 1
    assert any("unset it to turn it off" in each["event"] for each in objects)


@pytest.mark.slow
@pytest.mark.parametrize("command", [*SERVERS, "tail", "nix"])
def test_a_bad_command_line_is_told_in_objects(command: str, tmp_path: Path) -> None:
    status, _, objects = said(f"{command} --nix", GOOD, tmp_path)

    assert status in (1, 2)
    assert objects[-1]["level"] == "error"


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        "runweb --host 127.0.0.1 --port {}",
        "runshuttle --metrics-port {}",
        "runshuttle --workers 2 --metrics-port {}",
        "runals --host 127.0.0.1 --port {}",
    ],
)
def test_a_taken_port_is_told_in_objects(command: str, taken: int, tmp_path: Path) -> None:
    environ = {**GOOD, "DEBUG": "1", "DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite3"}
    status, _, objects = said(command.format(taken), environ, tmp_path)

    assert status == 1
    assert any("in use" in each["event"] or str(taken) in each["event"] for each in objects)


@pytest.mark.slow
def test_a_life_of_web_workers_and_runals_is_objects(tmp_path: Path) -> None:
    """With a dead Kafka, and all that Kubernetes sets for Services of names like ours."""
    services = variables_of("metrics", "als", "als-metrics", "logshuttle")
    own = {"LOG_FORMAT": "json", "TEST_MODE": "1", "PYTHONWARNINGS": "always"}
    shuttle = Shuttle(tmp_path, "127.0.0.1:1", {**services, **own})
    del shuttle.environment["METRICS_PORT"]
    shuttle.environment |= services
    try:
        shuttle.migrate()
        web = shuttle.start_web()
        port = str(shuttle.metrics_port)
        with (
            shuttle.run("runshuttle", "--workers", "2", "--metrics-port", port) as workers,
            shuttle.run("runals", "--host", "127.0.0.1", "--port", str(free_port())) as receiver,
        ):
            receiver.wait_for_output('"action": "started"')
            workers.wait_for_output("Kafka cannot be used", 30)
            statuses = [each.terminate() for each in (web, workers, receiver)]
        assert statuses == [0, 0, 0]
        for process in (web, workers, receiver):
            events = [each["event"] for each in objects_in(process.output())]
            assert sum("test mode is on" in event for event in events) == 1
            assert any("for the Service 'metrics'" in event for event in events)
    finally:
        shuttle.close()


@pytest.mark.slow
def test_python_itself_is_told_in_objects(tmp_path: Path) -> None:
    """An exception of the program, one that nobody catches in a thread, a warning."""
    program = """
import sys, threading, warnings
from logshuttle_site.json_stderr import speak_json
speak_json()
warnings.warn("old")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
sys.stderr.write("without an end")
raise KeyError("the last")
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    objects = objects_in(ended.stderr)
    assert ended.returncode == 1
    for word in ("old", "ZeroDivisionError", "without an end", "KeyError: 'the last'"):
        assert sum(word in each["event"] for each in objects) == 1, word

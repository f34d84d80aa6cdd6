"""`make run`, as a new user meets it."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from logshuttle_site.demo.client import DRAINS
from tests.support.ports import free_port
from tests.support.processes import ROOT, RunningProcess, manage, run_process
from tests.support.receiving import Receivers
from tests.support.waiting import wait_until

START_SECONDS = 120
UP = "All is up"


class DemoRun:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.options = {
            "--data": str(folder / "demo"),
            "--port": str(free_port()),
            "--metrics-port": str(free_port()),
            "--kafka-port": str(free_port()),
            "--receiver-port": str(free_port()),
        }

    @contextmanager
    def start(self) -> Iterator[RunningProcess]:
        args = [word for pair in self.options.items() for word in pair]
        with run_process(manage("rundemo", *args), log=self.folder / "out", env={}) as demo:
            yield demo

    @property
    def keys(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.folder / "demo" / "keys.json").read_text())
        return found

    def get(self, path: str) -> Any:
        url = f"http://127.0.0.1:{self.options['--port']}/{path}"
        return httpx.get(url, headers={"Authorization": self.keys["auth_key"]}).json()


@pytest.fixture
def demo(tmp_path: Path, kafka: object) -> DemoRun:
    """Wants `kafka` only for its jars: a machine that cannot run a broker skips this test too."""
    return DemoRun(tmp_path)


def pasted(lines: list[str]) -> str:
    """What a shell in the folder of the tree prints of them, one after the other."""
    done = subprocess.run(
        ["bash", "-ec", "\n".join(lines)],
        cwd=ROOT,
        env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_command_shows_what_there_is_and_one_signal_ends_all_of_it(demo: DemoRun) -> None:
    with demo.start() as running:
        for last in (UP, "/break\n"):  # they go two ways
            running.wait_for_output(last, START_SECONDS)
        shown = running.output()
        assert demo.keys["password"] in shown
        export, drains, tail, broken = shown[shown.index("export ") :].splitlines()[:4]
        tail_url = shown.partition("Tail ")[2].split()[0]

        def delivers() -> bool:
            states = {each["name"]: each["state"] for each in demo.get("log-drains")["results"]}
            return len(states) == len(DRAINS) and states["Archive"] == "live"

        wait_until(delivers, 30, "drains that deliver")
        assert '"name": "Log search"' in pasted([export, drains])
        lines = pasted([export, f"{tail} --no-tail --lines 5"]).splitlines()
        assert {line.split(" ")[1] for line in lines} == {"shop-demo"}
        with httpx.stream("GET", tail_url) as tailing:
            assert next(tailing.iter_lines()).partition(" ")[2].startswith("shop-demo ")
        assert pasted([broken]).startswith("It fails now")
        wait_until(lambda: demo.get("overview")["drains"].get("failing"), 30, "what it broke")

        children = psutil.Process(running.pid).children(recursive=True)
        running.signal(signal.SIGINT)
        assert running.wait() == 0
        assert running.output() == shown, "it ends without a word"
        wait_until(lambda: not any(child.is_running() for child in children), 5, "no child is left")


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_second_run_goes_on_with_what_the_first_one_made(demo: DemoRun) -> None:
    seen: list[set[str]] = []
    for _ in range(2):
        with demo.start() as running:
            wait_until(lambda: running.output().count(UP) == len(seen) + 1, START_SECONDS, "up")
            assert running.output().count(demo.keys["password"]) == len(seen) + 1
            seen.append({each["id"] for each in demo.get("log-drains")["results"]})
            running.signal(signal.SIGTERM)
            assert running.wait() == 0
        demo.options["--receiver-port"] = str(free_port())

    assert seen[0] == seen[1]


def test_all_taken_ports_are_named_with_their_settings(demo: DemoRun, receiver: Receivers) -> None:
    options = ("--port", "--kafka-port", "--receiver-port", "--metrics-port")
    for option in options:
        demo.options[option] = str(receiver().port)

    with demo.start() as running:
        assert running.wait() == 1
        for option in options:
            said = f"port {demo.options[option]} is taken: choose another with {option}"
            assert said in running.output()
        assert "Traceback" not in running.output()


@pytest.mark.slow
def test_on_a_terminal_a_panel_stays(demo: DemoRun) -> None:
    ours, theirs = pty.openpty()
    args = [word for pair in demo.options.items() for word in pair]
    with subprocess.Popen(manage("rundemo", *args), stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        seen = b""
        while b"8 live" not in seen and b"7 live" not in seen:
            seen += os.read(ours, 65536)
        running.send_signal(signal.SIGINT)
        while piece := _read(ours):
            seen += piece
        assert running.wait(30) == 0

    assert b"lines/s in" in seen
    assert b"shop-demo" in seen
    assert b"Traceback" not in seen


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # nobody has its other end any more
        return b""

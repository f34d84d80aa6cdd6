"""`make run`, as a new user meets it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.ports import free_port
from tests.support.processes import RunningProcess, manage, run_process
from tests.support.receiving import Receivers
from tests.support.waiting import wait_until

START_SECONDS = 90


class DemoRun:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.web = free_port()
        self.options = {
            "--data": str(folder / "demo"),
            "--port": str(self.web),
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
    def auth_key(self) -> str:
        key: str = json.loads((self.folder / "demo" / "keys.json").read_text())["auth_key"]
        return key


@pytest.fixture
def demo(tmp_path: Path, kafka: object) -> DemoRun:
    """Wants `kafka` only for its jars: a machine that cannot run a broker skips this test too."""
    return DemoRun(tmp_path)


def test_one_command_shows_lines_and_one_signal_ends_all_of_it(
    demo: DemoRun, receiver: Receivers
) -> None:
    with demo.start() as running:
        running.wait_for_output("What the receiver gets", START_SECONDS)
        running.wait_for_output(" shop-demo web.", 20)
        sink = receiver()
        added = httpx.post(
            f"http://127.0.0.1:{demo.web}/apps/api-demo/log-drains",
            headers={"Authorization": demo.auth_key},
            json={"url": sink.url},
        )
        assert added.status_code == 201
        assert b" api-demo " in sink.wait_for(1)[0]
        tail_url = running.output().partition("Tail     ")[2].split()[0]
        with httpx.stream("GET", tail_url) as tailing:
            assert next(tailing.iter_lines()).partition(" ")[2].startswith("shop-demo ")

        children = psutil.Process(running.pid).children(recursive=True)
        running.signal(signal.SIGINT)
        assert running.wait() == 0
        assert "Traceback" not in running.output()
        wait_until(lambda: not any(child.is_running() for child in children), 5, "no child is left")


@pytest.mark.slow
def test_a_second_run_goes_on_with_the_keys_of_the_first(demo: DemoRun) -> None:
    with demo.start() as first:
        first.wait_for_output("What the receiver gets", START_SECONDS)
        first.signal(signal.SIGINT)
        assert first.wait() == 0

    with demo.start() as again:
        shown = "What the receiver gets"
        wait_until(lambda: again.output().count(shown) == 2, START_SECONDS, "up again")
        assert "password in demo/keys.json" in again.output()
        again.signal(signal.SIGINT)
        assert again.wait() == 0


@pytest.mark.parametrize("option", ["--port", "--kafka-port", "--receiver-port", "--metrics-port"])
def test_a_taken_port_is_named_with_its_setting(
    option: str, demo: DemoRun, receiver: Receivers
) -> None:
    demo.options[option] = str(receiver().port)

    with demo.start() as running:
        assert running.wait() == 1
        assert f"port {demo.options[option]} is taken: choose another with {option}" in (
            running.output()
        )
        assert "Traceback" not in running.output()

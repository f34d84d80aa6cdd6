"""What others see while four clients flood, drip and idle at the web process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import attackers
from tests.support.broker import Broker
from tests.support.others import Others
from tests.support.processes import run_process
from tests.support.shuttle import Shuttle
from tests.support.tailing import open_session

pytestmark = pytest.mark.slow

KINDS = (
    *("frames", "reader frames", "reader pings"),
    *("chunks", "large", "bomb", "deep", "nonsense"),
    *("slow", "idle"),
)
CONTROL_SECONDS, ATTACK_SECONDS = 5.0, 12.0
"""The attack is longer than a request's headers may take."""


@contextmanager
def attack(folder: Path, shuttle: Shuttle, kind: str, path: str) -> Iterator[None]:
    port = shuttle.environment["PORT"]
    command = [sys.executable, "-m", attackers.__name__, kind, port, path]
    with run_process(command, log=folder / "attackers.log") as process:
        process.wait_for_output("attacking")
        yield
        assert process.running


@pytest.mark.parametrize("kind", KINDS)
def test_four_clients_do_not_stop_the_others(
    kind: str, own_shuttle: Shuttle, kafka: Broker, tmp_path: Path
) -> None:
    space = "others-" + kind.replace(" ", "-")
    path = "/log-sessions/x/ws" if kind == "frames" else "/log-events"
    if kind.startswith("reader "):
        path = open_session(own_shuttle, "attacked").removeprefix(str(own_shuttle.api.base_url))
        kind, path = kind.removeprefix("reader "), f"{path}/ws"
    worker = own_shuttle.start_worker()
    with Others(own_shuttle, kafka, [own_shuttle.web, worker], space=space) as others:
        control = others.watch(CONTROL_SECONDS)
        with attack(tmp_path, own_shuttle, kind, path):
            seen = others.watch(ATTACK_SECONDS)
        print(f"{kind}: {seen}; without the attack {control}")
        others.all_arrive()
        seen.is_unharmed(control)
        others.memory_comes_back()
    assert "Traceback" not in own_shuttle.web.output()

"""The API is asked what its description allows, and much that it does not, at a real web process:
each answer is one that is described, and none is a 500."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.support.broker import Broker
from tests.support.house import ROOT
from tests.support.processes import run_process
from tests.support.shuttle import AUTH_KEY, Shuttle

CONFIGURATION = ROOT / "tests" / "support" / "schemathesis.toml"
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
# Drains, and test lines to them, get no further than this machine.
ALL_ELSE = (
    *("0.0.0.0/2", "64.0.0.0/3", "96.0.0.0/4", "112.0.0.0/5", "120.0.0.0/6", "124.0.0.0/7"),
    *("126.0.0.0/8", "128.0.0.0/1", "::/0"),
)
SETTINGS = {
    "RATE_LIMITS": "off",
    "DRAIN_DENIED_CIDRS": ",".join(ALL_ELSE),
    "MAX_DRAINS_PER_APP": "10000",
    "MAX_SESSIONS_PER_APP": "10000",
    "MAX_SESSIONS": "10000",
    "SESSION_IDLE_SECONDS": "0.1",  # a session that is found is not read for long
}


@contextmanager
def served(folder: Path, kafka: Broker, **settings: str) -> Iterator[Shuttle]:
    with closing(Shuttle(folder, kafka.bootstrap, {**SETTINGS, **settings})) as made:
        made.migrate()
        made.start_web()
        yield made
        assert "Traceback" not in made.web.output()


def fuzz(shuttle: Shuttle, folder: Path, *options: str) -> None:
    command: list[str | Path] = [
        SCHEMATHESIS,
        "--config-file",
        CONFIGURATION,
        "--no-color",
        "run",
        f"{shuttle.api.base_url}/api/schema",
        "--header",
        f"Authorization: {AUTH_KEY}",
        *options,
    ]
    with run_process(command, log=folder / "schemathesis.log", cwd=folder) as running:
        assert running.wait(600) == 0, running.output()


def test_the_api_does_what_it_says(tmp_path: Path, kafka: Broker) -> None:
    with served(tmp_path, kafka) as shuttle:
        fuzz(shuttle, tmp_path, "--phases", "examples,fuzzing", "--max-examples", "5")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_it_does_so_at_length(tmp_path: Path, kafka: Broker, postgres_url: str) -> None:
    with served(tmp_path, kafka, DATABASE_URL=postgres_url) as shuttle:
        fuzz(shuttle, tmp_path, "--max-examples", "40")

"""A load: so many stamped lines at such a rate, from a process of its own that ends by itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.support.judge import new_run
from tests.support.processes import RunningProcess, run_process

PARTITIONS = 4


@dataclass(frozen=True)
class Flow:
    """`count` lines of app0, app1, … in turn; a text has about 75 characters and the padding."""

    bootstrap: str
    topic: str
    count: int
    rate: int
    """Lines a second, of all apps together."""
    apps: int = 1
    padding: int = 0
    partitions: int = PARTITIONS
    first_app: int = 0
    run: str = field(default_factory=new_run)

    def run_of(self, app: int) -> str:
        return f"{self.run}{app}"

    def produced(self, app: int) -> dict[int, int]:
        """Partition → number of lines."""
        mine = len(range(app - self.first_app, self.count, self.apps))
        return {p: len(range(p, mine, self.partitions)) for p in range(self.partitions)}

    @contextmanager
    def running(self, folder: Path) -> Iterator[RunningProcess]:
        command = [sys.executable, "-m", "tests.support.flow_process", json.dumps(asdict(self))]
        with run_process(command, log=folder / f"flow-{self.run}.log") as process:
            yield process

    def write(self, folder: Path, limit_seconds: float = 30) -> None:
        """All of it, before this returns."""
        with self.running(folder) as process:
            assert process.wait(limit_seconds) == 0, process.output()


def seconds_taken(flow: RunningProcess) -> float:
    """How long a flow that has ended took: as planned, unless the machine was too slow."""
    taken: float = json.loads(flow.output().splitlines()[-1])["seconds"]
    return taken

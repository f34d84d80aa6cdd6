"""Workers of one installation that come and go by themselves, each with a metrics port."""

from __future__ import annotations

import re
from contextlib import ExitStack

import httpx

from tests.support.asking import get
from tests.support.ports import free_port
from tests.support.processes import RunningProcess
from tests.support.shuttle import Shuttle


class Crew:
    """Beside each other. Each has the settings that the installation had when it came."""

    def __init__(self, shuttle: Shuttle) -> None:
        self._shuttle = shuttle
        self._stacks: list[tuple[ExitStack, RunningProcess, int]] = []

    def __len__(self) -> int:
        return len(self._stacks)

    def join(self) -> None:
        port, stack = free_port(), ExitStack()
        command = self._shuttle.run("runshuttle", "--metrics-port", str(port))
        self._stacks.append((stack, stack.enter_context(command), port))

    def leave(self) -> int:
        """The oldest goes. Its exit status."""
        stack, worker, _ = self._stacks.pop(0)
        status = worker.terminate(limit_seconds=15)
        stack.close()
        return status

    def partitions(self) -> list[int]:
        """How many each has; none while it starts."""
        return self.metric("logshuttle_partitions_assigned")

    def metric(self, name: str) -> list[int]:
        """What each says; 0 while it starts. One without labels."""
        return [_metric_of(port, name) for _, _, port in self._stacks]

    def output(self) -> str:
        return self._stacks[0][1].output()

    def close(self) -> None:
        """What they said is shown with a test that fails."""
        for stack, worker, _ in self._stacks:
            print(worker.output())
            stack.close()


def _metric_of(port: int, name: str) -> int:
    try:
        metrics = get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
    except httpx.TransportError:
        return 0
    found = re.search(rf"^{name} (\S+)$", metrics, re.MULTILINE)
    return int(float(found[1])) if found else 0

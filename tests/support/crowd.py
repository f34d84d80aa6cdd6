"""Thousands of drains: where each goes, and how they get into a database."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import cached_property

from tests.support.flow import Flow
from tests.support.ports import free_port
from tests.support.processes import run_process
from tests.support.shuttle import Shuttle
from tests.support.tally import Report, Tally

DEAD_EVERY = 20
"""One drain of so many, that is 5%, refuses connections."""
_LIMIT_SECONDS = 120.0


@dataclass(frozen=True)
class Crowd:
    """`drains` drains of `apps` apps; each has an address of its own."""

    tally: Tally
    drains: int
    apps: int
    dead: bool = True

    @cached_property
    def healthy(self) -> list[int]:
        return [n for n in range(self.drains) if not self._is_dead(n)]

    def lines(self, flow: Flow) -> int:
        """How many lines of a flow over all the apps the healthy drains get together."""
        return sum(sum(flow.produced(self.app_of(n)).values()) for n in self.healthy)

    def app_of(self, drain: int) -> int:
        return drain % self.apps

    def address_of(self, drain: int) -> str:
        return f"127.1.{drain // 250}.{drain % 250 + 1}"

    def make(self, shuttle: Shuttle, space: str) -> None:
        closed = free_port()
        urls = [
            (
                self.app_of(n),
                f"syslog://{self.address_of(n)}:{closed if self._is_dead(n) else self.tally.port}",
            )
            for n in range(self.drains)
        ]
        orders = self.tally.folder / "drains.json"
        orders.write_text(json.dumps({"space": space, "urls": urls}))
        command = [sys.executable, "-m", "tests.support.bulk_drains", str(orders)]
        log = self.tally.folder / "drains.log"
        with run_process(command, log=log, env=shuttle.environment) as making:
            assert making.wait(_LIMIT_SECONDS) == 0, making.output()

    def judge(self, report: Report, flow: Flow) -> int:
        """Each healthy drain has every line of its app, and no other; returns how many twice."""
        assert not report.foreign, report.foreign[:5]
        duplicates = 0
        for number in self.healthy:
            found = report.sum_of(self.address_of(number), flow, self.app_of(number))
            assert found.at_least_once, f"drain {number}: {found}"
            duplicates += found.duplicates
        return duplicates

    def _is_dead(self, drain: int) -> bool:
        """First drains of their apps, so that each line still has somebody healthy to go to."""
        return self.dead and drain < self.apps and drain % self._dead_every == 0

    @property
    def _dead_every(self) -> int:
        return max(1, self.apps * DEAD_EVERY // self.drains)

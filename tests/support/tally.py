"""Receivers of many drains in one process, which judges the lines of tests.support.flow itself."""

from __future__ import annotations

import json
import math
import os
import signal
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.flow import Flow
from tests.support.receiver_program import ReceiverProgram
from tests.support.waiting import wait_until

_REPORT_LIMIT_SECONDS = 30.0


@dataclass
class Sum:
    """What one address got of a flow, as tests.support.judge would count it."""

    received: int = 0
    lost: int = 0
    duplicates: int = 0
    out_of_order: int = 0
    foreign: int = 0

    @property
    def at_least_once(self) -> bool:
        return not (self.lost or self.out_of_order or self.foreign)


@dataclass
class Report:
    """All that was there at one moment. Addresses are like 127.0.0.1."""

    sequences: list[list[Any]]
    seconds: Mapping[str, Mapping[str, list[Any]]]
    foreign: list[str]
    """What was no line at all."""
    _by_address: dict[str, list[list[Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.sequences:
            self._by_address.setdefault(row[0], []).append(row)

    def sum_of(self, address: str, flow: Flow, app: int = 0) -> Sum:
        found, missing = Sum(), flow.produced(app)
        for _, _, run, partition, received, distinct, last, out_of_order in self._by_address.get(
            address, []
        ):
            if not run.startswith(flow.run):
                continue
            found.received += received
            if run != flow.run_of(app) or last >= flow.produced(app).get(partition, 0):
                found.foreign += received
                continue
            missing[partition] -= distinct
            found.duplicates += received - distinct
            found.out_of_order += out_of_order
        found.lost = sum(missing.values())
        return found

    def distinct(self, address: str | None = None) -> int:
        """Lines, each counted once; of all addresses when none is given."""
        rows = self.sequences if address is None else self._by_address.get(address, [])
        return sum(row[5] for row in rows)

    def rate(self, address: str, begin: float, end: float) -> float:
        """Lines a second between two moments (epoch seconds)."""
        lines: int = sum(row[0] for row in self._within([address], begin, end))
        return lines / max(1, int(end) - int(begin))

    @property
    def last_second(self) -> int:
        """Epoch seconds: when the newest line came."""
        return max(int(second) for rows in self.seconds.values() for second in rows)

    def own_rate(self, address: str, begin: float) -> float:
        """Lines a second from its first one after `begin` (epoch seconds) to its last."""
        rows = self.seconds.get(address, {})
        busy = [second for second in map(int, rows) if second >= int(begin)]
        return self.rate(address, min(busy), max(busy) + 1)

    def delay(
        self,
        address: str | None = None,
        begin: float = 0,
        end: float = math.inf,
        share: float = 0.99,
    ) -> float:
        """Seconds from being produced to being received that this share of lines stayed under.

        Of some of the lines, of all addresses when none is given.
        """
        addresses = self.seconds if address is None else [address]
        delays = sorted(d for row in self._within(addresses, begin, end) for d in row[1])
        return float(delays[min(len(delays) - 1, int(len(delays) * share))]) if delays else 0.0

    def _within(self, addresses: Iterable[str], begin: float, end: float) -> Iterator[list[Any]]:
        for address in addresses:
            for second, row in self.seconds.get(address, {}).items():
                if int(begin) <= int(second) < end:
                    yield row


class Tally(ReceiverProgram):
    """`freeze` makes it a black hole: the kernel accepts connections, and nobody reads."""

    module = "tests.support.tally_process"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._report = folder / "report.json"
        self._asked = 0

    def url(self, address: str = "127.0.0.1") -> str:
        return f"syslog://{address}:{self.port}"

    def orders(self) -> dict[str, Any]:
        self._asked = 0
        self._report.unlink(missing_ok=True)
        return {"report": str(self._report)}

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def report(self) -> Report:
        self._asked += 1
        os.kill(self.pid, signal.SIGUSR1)
        known = wait_until(self._newest, _REPORT_LIMIT_SECONDS, "the tally's report")
        assert known is not None
        return Report(known["sequences"], known["seconds"], known["foreign"])

    def wait_for(self, count: int, limit_seconds: float = 20, address: str | None = None) -> Report:
        """The report, once there are so many different lines."""
        reports: list[Report] = []

        def enough() -> bool:
            reports[:] = [self.report()]
            return reports[0].distinct(address) >= count

        try:
            wait_until(enough, limit_seconds, f"{count} different lines")
        except AssertionError as error:
            error.add_note(f"there are {reports[0].distinct(address)}")
            raise
        return reports[0]

    def wait_for_fresh(self, address: str, limit_seconds: float = 60) -> float:
        """How many seconds pass until an address gets lines that were produced a second ago."""
        begun = time.time()

        def fresh() -> bool:
            now = time.time()
            report = self.report()
            return report.rate(address, now - 1, now + 1) > 0 and (
                report.delay(address, now - 1, now + 1, share=0.5) < 1.0
            )

        wait_until(fresh, limit_seconds, f"fresh lines at {address}")
        return time.time() - begun

    def _newest(self) -> dict[str, Any] | None:
        if not self._report.exists():
            return None
        known: dict[str, Any] = json.loads(self._report.read_text())
        return known if known["version"] >= self._asked else None

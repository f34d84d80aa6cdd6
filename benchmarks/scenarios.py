"""What is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scenario:
    source: str
    """One of benchmarks.traffic.SOURCES, or `envoys`, whose destination is `runals`."""
    destination: str = "tcp"
    """tcp, octet (TCP with octet counting), paced (TCP; the receiver of the nth app reads n MB/s at
    most), tls or https."""
    apps: int = 1
    drained: int | None = None
    """So many of the apps have drains; None: all."""
    fan_out: int = 1
    """Drains for each of them."""
    share: float = 1.0
    """Of the records that a run is asked for."""
    workers: int = 1
    """More than one divide the partitions among them when the drains are made, in measured time."""
    replayed: bool = False
    """The drains are paused while the worker goes over the records, then replay them all."""
    aim_floors: float | None = None

    @property
    def with_drains(self) -> int:
        return self.apps if self.drained is None else self.drained

    @property
    def hosts(self) -> int:
        """Addresses that receivers have."""
        return self.apps if self.destination == "paced" else self.fan_out

    @property
    def name(self) -> str:
        if self.destination == "runals":
            return f"{self.source} → runals"
        drains = self.with_drains * self.fan_out
        told = [f"{drains} drain{'' if drains == 1 else 's'}", self.destination]
        if self.drained is not None:
            told.append(f"{self.apps} apps")
        if self.fan_out > 1:
            told.append("one app")
        if self.workers > 1:
            told.append(f"{self.workers} workers")
        if self.replayed:
            told.append("replayed")
        return f"{self.source} → {', '.join(told)}"

    def records_of(self, asked: int) -> int:
        """How many there are where a run is asked for so many."""
        return int(asked * self.share)

    def lines_of(self, records: int) -> int:
        """What arrives for so many records, of each app in turn."""
        rounds, rest = divmod(records, self.apps)
        return (rounds * self.with_drains + min(rest, self.with_drains)) * self.fan_out


SCENARIOS = (
    Scenario("kubernetes", aim_floors=1.55),
    Scenario("kubernetes", apps=100, aim_floors=1.7),
    Scenario("kubernetes", apps=300),
    Scenario("kubernetes", apps=100, drained=5, aim_floors=0.95),
    Scenario("kubernetes", fan_out=10, share=0.2, aim_floors=2.8),
    Scenario("kubernetes", replayed=True),
    Scenario("kubernetes", workers=4),
    Scenario("kubernetes", "octet"),
    Scenario("kubernetes", "tls", aim_floors=3),
    Scenario("kubernetes", "https", aim_floors=4),
    Scenario("router text", aim_floors=4),
    Scenario("istio", aim_floors=4),
    Scenario("envoy", aim_floors=4),
    Scenario("build"),
    Scenario("kubernetes", "paced", apps=10, aim_floors=3.3),
    Scenario("envoys", "runals"),
)

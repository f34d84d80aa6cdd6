"""What a worker is told at its start: one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drains.delivery.network.egress import EgressPolicy

TEST_HOSTNAME = "logshuttle-test"


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    kafka: Mapping[str, str]
    """librdkafka settings, `bootstrap.servers` among them."""
    egress: EgressPolicy
    """Where drains may send to."""
    group: str
    """The workers' consumer group."""
    topics: int = 0
    """About so many are read by all workers, as of now."""
    take_over_group: bool = False
    """Also where it is another installation's."""
    shutdown_grace_seconds: float = 10.0
    test_mode: bool = False
    version: str = ""
    """Of the product, as operators are shown it."""
    slot: int = 0
    """Of several workers on this host, if no other has it: what they say stands under it."""
    metrics_max_drains: int = 100
    """Drains with series of their own."""

    @property
    def hostname(self) -> str:
        """What stands as HOSTNAME in every line; empty: the app's key."""
        return TEST_HOSTNAME if self.test_mode else ""

"""Many sessions cost one reader of Kafka, a little memory, and nobody's promptness."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.tails import TailScenario, measure
from tests.support.broker import Broker

MIB = 1024 * 1024


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize(
    ("scenario", "seconds", "p99_seconds"),
    [
        (TailScenario(sessions=50, rate=5_000, apps=10), 20, 1.0),
        (TailScenario(sessions=1_000, rate=500, apps=20), 20, 1.0),
    ],
    ids=lambda value: value.name if isinstance(value, TailScenario) else "",
)
def test_many_sessions(
    scenario: TailScenario, seconds: float, p99_seconds: float, kafka: Broker, tmp_path: Path
) -> None:
    found = measure(scenario, kafka.bootstrap, tmp_path, seconds)
    print(found)
    assert found["read"] == found["written"] * scenario.sessions // scenario.apps
    assert found["skipped"] == 0
    assert found["p99"] < p99_seconds
    assert found["peak"] < 500 * MIB

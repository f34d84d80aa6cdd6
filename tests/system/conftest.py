"""What system tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.broker import Broker
from tests.support.shuttle import Shuttle


@pytest.fixture
def shuttle(tmp_path: Path, kafka: Broker) -> Iterator[Shuttle]:
    """An installation with its web process up; a worker is the test's to start."""
    made = Shuttle(tmp_path, kafka.bootstrap)
    made.migrate()
    made.start_web()
    yield made
    made.close()

"""What system tests share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.broker import Broker
from tests.support.crew import Crew
from tests.support.shuttle import Shuttle, served


@pytest.fixture(scope="session")
def _host(tmp_path_factory: pytest.TempPathFactory, kafka: Broker) -> Iterator[Shuttle]:
    """Whose web process serves the tests of a run, one after the other: a start costs seconds. All
    of them are one client."""
    off = {"RATE_LIMITS": "off"}
    with served(tmp_path_factory.mktemp("web"), kafka.bootstrap, off) as host:
        yield host


@pytest.fixture
def shuttle(tmp_path: Path, kafka: Broker, _host: Shuttle) -> Iterator[Shuttle]:
    """A new installation, served by a web process that tests share; a worker is the test's."""
    with closing(Shuttle(tmp_path, kafka.bootstrap)) as made:
        made.share_web(_host)
        yield made


@pytest.fixture
def own_shuttle(tmp_path: Path, kafka: Broker) -> Iterator[Shuttle]:
    """The same with a web process of its own, which the test may stop or look at."""
    with served(tmp_path, kafka.bootstrap) as made:
        yield made


@pytest.fixture
def crew(shuttle: Shuttle) -> Iterator[Crew]:
    """Workers of the installation, none at first."""
    with closing(Crew(shuttle)) as made:
        yield made

"""Fixtures: receivers for drains, good and bad."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.receivers import NORMAL, Mode, Receiver
from tests.support.rsyslog import Rsyslog

Receivers = Callable[..., Receiver]


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receivers]:
    """Starts programmable TCP receivers: `receiver()`, `receiver(NEVER_READ)`."""
    with ExitStack() as stack:
        count = 0

        def start(mode: Mode = NORMAL) -> Receiver:
            nonlocal count
            count += 1
            folder = tmp_path / f"receiver{count}"
            folder.mkdir()
            return stack.enter_context(Receiver(folder, mode))

        yield start


@pytest.fixture
def rsyslog(tmp_path: Path) -> Iterator[Rsyslog]:
    """A running rsyslogd of this test's own."""
    folder = tmp_path / "rsyslog"
    folder.mkdir()
    with Rsyslog(folder) as server:
        yield server

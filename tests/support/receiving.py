"""Fixtures: receivers for drains, good and bad."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import Authority
from tests.support.http_receiver import HttpReceiver
from tests.support.receivers import Receiver, UdpReceiver
from tests.support.rsyslog import Rsyslog

Receivers = Callable[..., Receiver]
HttpReceivers = Callable[..., HttpReceiver]


@pytest.fixture
def authority() -> Authority:
    """Gives certificates; nobody's store knows it."""
    return Authority()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receivers]:
    """Starts programmable syslog receivers: `receiver()`, `receiver(NEVER_READ, tls=Tls(...))`."""
    with ExitStack() as stack:

        def start(*args: Any, **options: Any) -> Receiver:
            folder = _new_folder(tmp_path, "receiver")
            return stack.enter_context(Receiver(folder, *args, **options))

        yield start


@pytest.fixture
def udp_receiver(tmp_path: Path) -> Iterator[UdpReceiver]:
    with UdpReceiver(tmp_path / "udp_receiver") as receiver:
        yield receiver


@pytest.fixture
def http_receiver(tmp_path: Path) -> Iterator[HttpReceivers]:
    """Starts programmable HTTP receivers: `http_receiver()`, `http_receiver(Script(...))`."""
    with ExitStack() as stack:

        def start(*args: Any, **options: Any) -> HttpReceiver:
            folder = _new_folder(tmp_path, "http_receiver")
            return stack.enter_context(HttpReceiver(folder, *args, **options))

        yield start


@pytest.fixture
def rsyslog(tmp_path: Path) -> Iterator[Rsyslog]:
    """A running rsyslogd of this test's own."""
    with Rsyslog(tmp_path / "rsyslog") as server:
        yield server


def _new_folder(parent: Path, name: str) -> Path:
    return parent / f"{name}{len(list(parent.glob(f'{name}[0-9]*'))) + 1}"

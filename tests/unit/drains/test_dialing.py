"""What is told of a dial that fails for want of something on our side."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from typing import Any

import pytest

from drains.delivery.network.dialing import Dialer
from drains.delivery.network.egress import EgressPolicy
from drains.delivery.network.errors import DialError, ShortageError
from drains.destination import Destination

FILES = "no open files are left on our side"
PORTS = "no local port is left on our side"


class Short(socket.socket):
    """One that cannot be had, or has no port to connect from."""

    code = errno.EMFILE

    def __init__(self, *args: Any, **options: Any) -> None:
        raise OSError(self.code, os.strerror(self.code))


class WithoutPort(socket.socket):
    def connect(self, _address: Any) -> None:
        raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))


def _dialer() -> Dialer:
    return Dialer(EgressPolicy(loopback=True))


async def _refused(dialer: Dialer, url: str) -> DialError:
    with pytest.raises(DialError) as caught:
        await dialer.dial(Destination.parse(url))
    return caught.value


@pytest.mark.parametrize("url", ["syslog://127.0.0.1:514", "syslog+udp://127.0.0.1:514"])
@pytest.mark.parametrize(
    ("kind", "said"), [(Short, FILES), (WithoutPort, PORTS)], ids=["files", "ports"]
)
async def test_a_shortage_of_ours_is_told_as_ours_and_once_in_the_log(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    url: str,
    kind: Callable[..., socket.socket],
    said: str,
) -> None:
    dialer = _dialer()
    for _ in range(3):
        with monkeypatch.context() as patched:
            patched.setattr("drains.delivery.network.dialing.socket.socket", kind)
            error = await _refused(dialer, url)
        assert isinstance(error, ShortageError)
        assert str(error) == said
    assert caplog.text.count(said) == 1


async def test_a_look_up_for_want_of_files_is_no_fault_of_the_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dialer = _dialer()

    async def no_answer(*_: Any) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(dialer, "_look_up", no_answer)
    assert str(await _refused(dialer, "syslog://logs.example:514")) == "name look-up failed"
    monkeypatch.setattr("drains.delivery.network.dialing.socket.socket", Short)
    assert str(await _refused(dialer, "syslog://logs.example:514")) == FILES

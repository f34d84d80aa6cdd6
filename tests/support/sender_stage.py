"""Fixture: a sender of any kind and its receiver, which takes what it is sent, or holds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from drains.option_values import TlsOptions
from drains.transports import TCP, Transport
from tests.support.certificates import Authority
from tests.support.fake_sender import FakeReceiver, FakeSender
from tests.support.http_receiver import HANG, OK, HttpReceiver, Script
from tests.support.receiver_program import Tls
from tests.support.receivers import NORMAL, Mode, Receiver, UdpReceiver
from tests.support.sender_bench import SenderBench, Senders

HOLDING = Mode(read=False, receive_buffer=4096)


class Stage:
    """A sender over real connections. `bench` asks it how far it has got, as a worker does."""

    def __init__(self, bench: SenderBench, receiver: Any, connections: int = 1) -> None:
        self.bench = bench
        self._receiver = receiver
        self._connections = connections

    @property
    def transport(self) -> Transport:
        return self.bench.route.destination.transport

    def send(self, text: str, count: int = 1) -> None:
        """A write with so many lines for each connection."""
        self.bench.send_pieces([[text] * count] * self._connections)

    async def until_confirmed(self, count: int) -> None:
        await self.bench.until_confirmed(count)

    async def until_some_of_it_has_arrived(self) -> None:
        """Of what is sent to a receiver that holds it."""
        await self.bench.until(lambda: self.bench.sender.confirmed_bytes > 0)

    def arrived(self) -> int:
        """Lines, or requests with one."""
        return len(self._receiver.lines())

    def end(self) -> None:
        """The receiver dies."""
        self._receiver.kill()


class HttpStage(Stage):
    async def until_some_of_it_has_arrived(self) -> None:
        await self.bench.until(lambda: len(self._receiver.requests()) > 0)

    def arrived(self) -> int:
        return len(self._receiver.accepted())


class FakeStage(Stage):
    """The fake's receiver reads when it is told to."""

    @property
    def _fake(self) -> FakeSender:
        fake: Any = self.bench.sender
        assert isinstance(fake, FakeSender)
        return fake

    async def until_confirmed(self, count: int) -> None:
        self._fake.read_all()
        await super().until_confirmed(count)

    async def until_some_of_it_has_arrived(self) -> None:
        pass

    def arrived(self) -> int:
        return len(self._fake.sent)

    def end(self) -> None:
        self._fake.ended(None)


class Stages:
    """Sets a stage for each kind of sender."""

    def __init__(self, folder: Path, processes: ExitStack, sending: Senders) -> None:
        self._folder = folder
        self._processes = processes
        self._sending = sending

    async def open(self, kind: str, *, holds: bool = False) -> Stage:
        make: Callable[[bool], Stage] = getattr(self, f"_{kind}")
        stage = make(holds)
        await stage.bench.open()
        if holds and kind == "fake":
            stage.bench.sender.reads = False  # type: ignore[attr-defined]
        return stage

    def _tcp(self, holds: bool, connections: int = 1) -> Stage:
        receiver = self._run(Receiver(self._folder, HOLDING if holds else NORMAL))
        return Stage(self._sending(receiver.url, connections=connections), receiver, connections)

    def _bundle(self, holds: bool) -> Stage:
        return self._tcp(holds, connections=2)

    def _tls(self, holds: bool) -> Stage:
        authority = Authority()
        mode, tls = HOLDING if holds else NORMAL, Tls(authority.server())
        receiver = self._run(Receiver(self._folder, mode, tls=tls))
        return Stage(self._sending(receiver.url, tls=TlsOptions(ca=authority.pem)), receiver)

    def _udp(self, holds: bool) -> Stage:
        receiver = self._run(UdpReceiver(self._folder))
        return Stage(self._sending(receiver.url), receiver)

    def _http(self, holds: bool) -> Stage:
        receiver = self._run(HttpReceiver(self._folder, Script(then=HANG if holds else OK)))
        return HttpStage(self._sending(receiver.url), receiver)

    def _fake(self, holds: bool) -> Stage:
        bench = self._sending(f"{TCP.scheme}://127.0.0.1:514")
        bench.connect = FakeReceiver().connect
        return FakeStage(bench, None)

    def _run(self, receiver: Any) -> Any:
        return self._processes.enter_context(receiver)


@pytest.fixture
def stages(tmp_path: Path, sending: Senders) -> Iterator[Stages]:
    with ExitStack() as processes:
        yield Stages(tmp_path / "receiver", processes, sending)

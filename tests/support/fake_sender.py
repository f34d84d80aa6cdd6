"""A sender whose receiver does what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from drains.delivery.network.errors import DialError
from drains.delivery.network.heard import Heard
from drains.delivery.sender import CAPACITY_BYTES, Ended, Sender
from drains.delivery.senders.checkpoints import Checkpoints
from drains.routes import Route
from shuttle.feed.writes import Write


class FakeSender:
    """Takes everything; confirms when told. Held to what real senders do by test_senders.py."""

    capacity_bytes = CAPACITY_BYTES

    def __init__(self, ended: Ended) -> None:
        self._ended: Ended | None = ended
        self.reads = True
        """Else what is sent stays in the buffer."""
        self.sent: list[bytes] = []
        self.pieces: list[tuple[bytes, ...]] = []
        self.names: list[str] = []
        self.closed = self.failed = False
        self.buffered_bytes = 0
        self.confirmed_bytes = 0
        self.trouble: str | None = None
        self.lines_refused = 0
        self.progressed_at = 0.0
        self.certificate_ends_at: float | None = None
        self.finishes: tuple[float, bool] | None = None
        """How it was told to finish: how long to wait, and whether the receiver must close."""
        self._checkpoints: Checkpoints[Write] = Checkpoints()

    @property
    def unconfirmed(self) -> Iterator[Write]:
        return (write for _, write in self._checkpoints.unconfirmed)

    def send(self, pieces: Sequence[bytes], write: Write) -> None:
        data = b"".join(pieces)
        self.sent.append(data)
        self.pieces.append(tuple(pieces))
        self.names.append(write.name)
        self._checkpoints.wrote(len(data), write)
        if not self.reads:
            self.buffered_bytes += len(data)

    def read_all(self) -> None:
        self.confirmed_bytes = self._checkpoints.written_bytes

    def ended(self, error: Exception | None) -> None:
        """What its receiver does, or the network."""
        told, self._ended = self._ended, None
        self.failed = error is not None
        if told is not None:
            told(error)

    def confirm(self, now: float) -> list[Write]:
        return self._checkpoints.confirm(self.confirmed_bytes, now)

    def finish(self, wait_seconds: float, *, must_close: bool) -> None:
        self.finishes = wait_seconds, must_close
        if self.reads:
            asyncio.get_running_loop().call_soon(self._close_in_answer)

    def _close_in_answer(self) -> None:
        self.read_all()
        self.ended(None)

    def to_send_again(self, now: float, *, hung: bool = False) -> list[Write]:
        if self.finishes is not None and not self.failed:
            return list(self.unconfirmed)
        return self._checkpoints.to_send_again(now, hung=hung)

    def close(self) -> None:
        self._ended = None
        self.buffered_bytes = 0
        self.closed = True

    abort = close

    async def wait_closed(self) -> None:
        pass


class FakeReceiver:
    """Counts dials; refuses them while `refuses`, and is long in answering until `answers`."""

    def __init__(self) -> None:
        self.refuses = False
        self.answers = asyncio.Event()
        self.answers.set()
        self.dials = 0
        self.routes: list[Route] = []
        """That were dialled."""
        self.patience: list[bool] = []
        """Whether they were listened to for long."""
        self.senders: list[FakeSender] = []

    async def connect(
        self, route: Route, ended: Ended, _: Heard, *, patient: bool
    ) -> Sender[Write]:
        self.dials += 1
        self.patience.append(patient)
        self.routes.append(route)
        await self.answers.wait()
        if self.refuses:
            raise DialError("connection refused")
        self.senders.append(FakeSender(ended))
        return self.senders[-1]

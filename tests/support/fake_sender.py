"""A sender whose receiver does what the test says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drains.delivery.checkpoints import Checkpoints, StepBack
from drains.delivery.errors import DialError
from drains.delivery.sender import CAPACITY_BYTES, Ended, Sender
from drains.routes import Route
from shuttle.marks import Mark


class FakeSender:
    """Takes everything; confirms when told."""

    capacity_bytes = CAPACITY_BYTES

    def __init__(self, ended: Ended) -> None:
        self.ended = ended
        self.sent: list[bytes] = []
        self.pieces: list[tuple[bytes, ...]] = []
        self.names: list[str] = []
        self.closed = False
        self.buffered_bytes = 0
        self.confirmed_bytes = 0
        self.trouble: str | None = None
        self.lines_refused = 0
        self._checkpoints: Checkpoints[Mark] = Checkpoints()

    @property
    def unconfirmed(self) -> Iterator[Mark]:
        return (mark for _, mark in self._checkpoints.unconfirmed)

    def send(self, pieces: Sequence[bytes], mark: Mark) -> None:
        data = b"".join(pieces)
        self.sent.append(data)
        self.pieces.append(tuple(pieces))
        self.names.append(mark.name)
        self._checkpoints.wrote(len(data), mark)

    def read_all(self) -> None:
        self.confirmed_bytes = self._checkpoints.written_bytes

    def confirm(self, now: float) -> list[Mark]:
        return self._checkpoints.confirm(self.confirmed_bytes, now)

    def to_send_again(self, distrusted: StepBack, now: float) -> list[Mark]:
        return self._checkpoints.to_send_again(distrusted, now)

    def close(self) -> None:
        self.buffered_bytes = 0
        self.closed = True

    abort = close


class FakeReceiver:
    """Counts dials; refuses them while `refuses`."""

    def __init__(self) -> None:
        self.refuses = False
        self.dials = 0
        self.senders: list[FakeSender] = []

    async def connect(self, route: Route, ended: Ended) -> Sender[Mark]:
        self.dials += 1
        if self.refuses:
            raise DialError("connection refused")
        self.senders.append(FakeSender(ended))
        return self.senders[-1]

"""A proxy in front of a broker that, when told to, names no broker in its answers on metadata: as
one does that has just started, or is about to stop."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from tests.support.ports import LOOPBACK, free_port

NO_TOPIC = "."
STRAND_SECONDS = 30.0
BACK_SECONDS = 4.0

_METADATA = 3
_FLEXIBLE = 9
"""From this version of the answer on, lengths are varints and there are tags."""


class ForgetfulKafka:
    """Listens from entering on; what it passes on goes to `broker_port`, where a broker must listen
    that advertises `port`."""

    def __init__(self) -> None:
        self.port = free_port()
        self.broker_port = 0
        self.forgets = False
        self._listener = socket.create_server((LOOPBACK, self.port))
        self._threads = [threading.Thread(target=self._accept, name="forgetful")]
        self._open: list[socket.socket] = []

    @property
    def bootstrap(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    def strand(self, client: Consumer | Producer | AdminClient) -> None:
        """Has librdkafka leave the client without any broker for good, in a few rounds."""
        ends = time.monotonic() + STRAND_SECONDS
        while _answers(client):
            assert time.monotonic() < ends, "it finds its broker again each time"
            self.forgets = True
            with suppress(KafkaException):
                client.list_topics(topic=NO_TOPIC, timeout=1)
            self.forgets = False

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for one in self._open:
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):  # it is over
            while True:
                near, _ = self._listener.accept()
                self._open.append(near)
                try:
                    far = socket.create_connection((LOOPBACK, self.broker_port), 5)
                except OSError:
                    near.shutdown(socket.SHUT_RDWR)
                    continue
                far.settimeout(None)
                self._open.append(far)
                asked: dict[bytes, int] = {}
                self._start(near, far, lambda frame, asked=asked: _noted(frame, asked))  # type: ignore[misc]
                self._start(far, near, lambda frame, asked=asked: self._answer(frame, asked))  # type: ignore[misc]

    def _start(
        self, source: socket.socket, target: socket.socket, change: Callable[[bytes], bytes]
    ) -> None:
        def pass_on() -> None:
            with suppress(OSError), source.makefile("rb") as frames:
                while size := frames.read(4):
                    frame = change(frames.read(int.from_bytes(size)))
                    target.sendall(len(frame).to_bytes(4) + frame)
            with suppress(OSError):
                target.shutdown(socket.SHUT_RDWR)

        self._threads.append(threading.Thread(target=pass_on, name="forgetful"))
        self._threads[-1].start()

    def _answer(self, frame: bytes, asked: dict[bytes, int]) -> bytes:
        version = asked.pop(frame[:4], None)
        if version is None or not self.forgets:
            return frame
        assert version >= _FLEXIBLE, f"version {version} of the answer is not known here"
        brokers = 4 + 1 + 4  # behind the number of the request, no tags, and the throttle time
        return frame[:brokers] + b"\x01" + frame[_end_of_brokers(frame, brokers) :]


def _answers(client: Consumer | Producer | AdminClient) -> bool:
    ends = time.monotonic() + BACK_SECONDS  # for it tries again each half second
    while time.monotonic() < ends:
        with suppress(KafkaException):
            client.list_topics(topic=NO_TOPIC, timeout=0.5)
            return True
    return False


def _noted(frame: bytes, asked: dict[bytes, int]) -> bytes:
    """A request; those for metadata are remembered, by their numbers, with their versions."""
    if int.from_bytes(frame[:2]) == _METADATA:
        asked[frame[4:8]] = int.from_bytes(frame[2:4])
    return frame


def _end_of_brokers(frame: bytes, at: int) -> int:
    count, at = _varint(frame, at)
    for _ in range(count - 1):
        at = _end_of_string(frame, at + 4)  # node, host
        at = _end_of_string(frame, at + 4)  # port, rack
        tags, at = _varint(frame, at)
        assert not tags
    return at


def _end_of_string(frame: bytes, at: int) -> int:
    length, at = _varint(frame, at)
    return at + max(length - 1, 0)


def _varint(frame: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = frame[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at

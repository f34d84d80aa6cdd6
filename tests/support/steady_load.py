"""Numbered lines written to Kafka at a steady rate, whatever happens to the broker meanwhile."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from types import TracebackType
from typing import Any, Self

from confluent_kafka import KafkaError, Message, Producer

from tests.support.records import kubernetes_event

_TURN_SECONDS = 0.02
_FLUSH_SECONDS = 60.0
_SILENT = logging.getLogger("tests.steady_load")
_SILENT.disabled = True


class SteadyLoad:
    """Writes lines of one app, `per_second` over all partitions, from entering on.

    Ends with `stop`, or by itself after `limit` lines (`finish`). The producer is idempotent: Kafka
    has each line once and in order, also when the broker was away.
    """

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        run: str,
        *,
        app: str = "gold",
        partitions: int = 4,
        per_second: int = 500,
        limit: int = 1_000_000,
    ) -> None:
        self._topic, self._run, self._app = topic, run, app
        self._partitions, self._per_second, self._limit = partitions, per_second, limit
        conf: dict[str, Any] = {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "linger.ms": 5,
            "delivery.timeout.ms": 120_000,
            "reconnect.backoff.max.ms": 500,
            "logger": _SILENT,
        }
        self._kafka = Producer(conf)
        self._sent = 0
        self._refused: list[str] = []
        self._acknowledged: Counter[int] = Counter()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write, name="steady-load")

    @property
    def acknowledged(self) -> int:
        """How many lines Kafka has taken so far."""
        return self._acknowledged.total()

    def finish(self) -> dict[int, int]:
        """As `stop`, once the last of `limit` lines is written."""
        self._thread.join()
        return self.stop()

    def stop(self) -> dict[int, int]:
        """No more lines. How many each partition has got, once Kafka has acknowledged them all."""
        self._end()
        left = self._kafka.flush(_FLUSH_SECONDS)
        assert not left, f"{left} records not acknowledged within {_FLUSH_SECONDS:g} s"
        assert not self._refused, f"{len(self._refused)} refused: {self._refused[0]}"
        return dict(self._acknowledged)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        self._over.set()
        self._thread.join()

    def _write(self) -> None:
        began = time.monotonic()
        while not self._over.wait(_TURN_SECONDS) and self._sent < self._limit:
            due = int((time.monotonic() - began) * self._per_second)
            while self._sent < min(due, self._limit):
                self._send()
            self._kafka.poll(0)

    def _send(self) -> None:
        seq, partition = divmod(self._sent, self._partitions)
        text = f"run={self._run} partition={partition} seq={seq}"
        event = kubernetes_event(text, pod=f"{self._app}-p{partition}", container=self._app)
        self._kafka.produce(self._topic, event, partition=partition, on_delivery=self._told)
        self._sent += 1

    def _told(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._refused.append(error.str())
        else:
            self._acknowledged[message.partition() or 0] += 1

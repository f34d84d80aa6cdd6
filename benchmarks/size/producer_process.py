"""`python -m benchmarks.size.producer_process ORDERS`: lines of many apps at a steady rate.

`app=… seq=… at=…`: an app's lines are numbered from 0; `at` is when it was handed to Kafka.
"""

from __future__ import annotations

import json
import select
import sys
import time
from typing import Any

from confluent_kafka import Producer

from benchmarks.size.plan import Plan
from benchmarks.size.program import answer_one
from events.keys import AppKey
from tests.support.records import kubernetes_event

TURN_SECONDS = 0.02
FLUSH_SECONDS = 5.0


class Lines:
    def __init__(self, plan: Plan, bootstrap: str) -> None:
        self._plan = plan
        self._kafka = Producer({"bootstrap.servers": bootstrap, "linger.ms": 20, "acks": 1})
        self._began: float | None = None
        self._sent = 0

    def run(self) -> None:
        while True:
            readable, _, _ = select.select([sys.stdin], [], [], TURN_SECONDS)
            if readable and not answer_one(self):
                self._kafka.flush(FLUSH_SECONDS)
                return
            if self._began is not None:
                due = int((time.monotonic() - self._began) * self._plan.records)
                while self._sent < due:
                    self._send()
            self._kafka.poll(0)

    # What may be asked.

    def start(self) -> None:
        self._began = time.monotonic()

    def sent(self) -> int:
        """How many records so far."""
        return self._sent

    def newcomer(self, app: int, name: str, space: str) -> None:
        """One line of an app that is not in the plan."""
        self._write(AppKey(name, space), app, 0)

    def _send(self) -> None:
        app, seq, partition = self._plan.record(self._sent)
        self._write(self._plan.key_of(app), app, seq, partition=partition)
        self._sent += 1

    def _write(self, key: AppKey, app: int, seq: int, **more: Any) -> None:
        text = f"app={app} seq={seq} at={time.time():.3f}"
        event = kubernetes_event(text, pod=f"{key.app}-p0", container=key.app)
        self._kafka.produce(key.space, event, **more)


if __name__ == "__main__":
    orders = json.loads(sys.argv[1])
    Lines(Plan(**orders["plan"]), orders["bootstrap"]).run()

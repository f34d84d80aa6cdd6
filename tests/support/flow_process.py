"""Produces stamped lines at a rate. Run by tests.support.flow; its one argument is JSON.

Line N is the next one of app N % apps; an app's lines go to the partitions in turn, each of which
has numbers of its own. At its end it prints how many seconds that took.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from confluent_kafka import Producer

_TURN_SECONDS = 0.02
_EVENT = (
    '{"log":"run=%s%d partition=%d seq=%d at=%.3f %s","stream":"stdout",'
    '"time":"2016-08-24T17:03:20.080151664Z","kubernetes":{"pod_name":"app%d-p%d",'
    '"container_name":"app%d"}}'
)


def main(orders: dict[str, Any]) -> None:
    producer = Producer(
        {
            "bootstrap.servers": orders["bootstrap"],
            "enable.idempotence": True,  # a broker that answers late has no line twice
            "linger.ms": 20,
            "compression.type": "lz4",
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    topic, run, padding = orders["topic"], orders["run"], "x" * orders["padding"]
    names = ("first_app", "apps", "partitions", "count", "rate")
    first_app, apps, partitions, count, rate = (orders[name] for name in names)
    begun, number = time.monotonic(), 0
    while number < count:
        due = min(count, int((time.monotonic() - begun) * rate) + 1)
        now = time.time()
        for n in range(number, due):
            app, round_of_apps = first_app + n % apps, n // apps
            partition, seq = round_of_apps % partitions, round_of_apps // partitions
            event = _EVENT % (run, app, partition, seq, now, padding, app, partition, app)
            _produce(producer, topic, event, partition)
        number = due
        producer.poll(0)
        time.sleep(_TURN_SECONDS)
    assert producer.flush(60) == 0, "not all lines are acknowledged"
    print(json.dumps({"seconds": time.monotonic() - begun}), flush=True)


def _produce(producer: Producer, topic: str, event: str, partition: int) -> None:
    while True:
        try:
            producer.produce(topic, event, partition=partition)
        except BufferError:  # full: let some go first
            producer.poll(0.1)
        else:
            return


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))

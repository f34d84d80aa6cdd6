"""Kubernetes events as fluentd writes them, 530 bytes each, lz4, spread over apps."""

from __future__ import annotations

import confluent_kafka as kafka
from confluent_kafka.admin import AdminClient, NewTopic

PARTITIONS = 4

_EVENT = (
    '{"log":"line %d GET /some/path?with=query status=200 took 12ms and a little more text\\n",'
    '"stream":"stdout","time":"2016-08-24T17:03:20.%09dZ","docker":{"container_id":'
    '"790e3ac96bc32b0bedaa95c53034cc7f135b58bf2337257e91040a0f02f09110"},"kubernetes":'
    '{"namespace_name":"space","pod_id":"539194ff-6634-11e6-b7ad-06468cfee103","pod_name":'
    '"app%d-1050769379-6ktnc","container_name":"app%d","labels":{"name":"some-labels"},'
    '"host":"ip-1-1-1-1.somehost.somedomain.com"},"topic":"space","tag":"some-tags.log"}'
)


def fill(bootstrap: str, topic: str, apps: int, records: int) -> None:
    """Create the topic and write `records` events, the app of each in turn."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(topic, PARTITIONS)])[topic].result()
    producer = kafka.Producer(
        {"bootstrap.servers": bootstrap, "linger.ms": 20, "compression.type": "lz4"}
    )
    for number in range(records):
        app = number % apps
        nanoseconds = (number * 791_912_347 + 123_456_789) % 10**9
        value = _EVENT % (number, nanoseconds, app, app)
        _produce(producer, topic, value, partition=number // apps % PARTITIONS)
    producer.flush()


def _produce(producer: kafka.Producer, topic: str, value: str, partition: int) -> None:
    while True:
        try:
            producer.produce(topic, value.encode(), partition=partition)
        except BufferError:
            producer.poll(0.1)
        else:
            return

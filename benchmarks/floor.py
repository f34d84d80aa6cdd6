"""What consuming and a typed decode cost by themselves: the floor under every figure of the run.

`python -m benchmarks.floor BOOTSTRAP SOURCE PART OF` reads the partitions that one of so many
processes would have, decodes each record, and prints CPU seconds, wall seconds and peak RSS in
bytes.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable

import confluent_kafka as kafka
import msgspec

from benchmarks.memory import peak_bytes
from benchmarks.traffic import topic_of
from events.kafka.batch_size import RECORDS_MAX
from events.kafka.client import consumer_conf
from events.kafka.consumer_thread import POLL_SECONDS


class _Pod(msgspec.Struct, gc=False):
    pod_name: str
    container_name: str
    host: str


class _Kubernetes(msgspec.Struct, gc=False):
    log: str
    stream: str
    time: str
    kubernetes: _Pod
    topic: str


class _Istio(msgspec.Struct, gc=False):
    time: str
    app: str
    space: str
    path: str
    status: int
    service: str


class _Request(msgspec.Struct, gc=False):
    path: str
    request_id: str


class _Envoy(msgspec.Struct, gc=False):
    request: _Request
    response: dict[str, int | str]
    common_properties: msgspec.Raw


class _Build(msgspec.Struct, gc=False):
    build: int
    message: str
    metadata: str


DECODERS: dict[str, Callable[[bytes], object]] = {
    "kubernetes": msgspec.json.Decoder(_Kubernetes).decode,
    "router text": bytes.decode,
    "istio": msgspec.json.Decoder(_Istio).decode,
    "envoy": msgspec.json.Decoder(_Envoy).decode,
    "build": msgspec.json.Decoder(_Build).decode,
}
"""Of benchmarks.traffic.SOURCES."""


def main() -> None:
    bootstrap, source, part, of = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    topic, decode = topic_of(source), DECODERS[source]
    consumer = kafka.Consumer(consumer_conf({"bootstrap.servers": bootstrap}, "floor"))
    numbers = sorted(consumer.list_topics(topic, 10).topics[topic].partitions)[part::of]
    partitions = [kafka.TopicPartition(topic, number, 0) for number in numbers]
    left = sum(consumer.get_watermark_offsets(partition)[1] for partition in partitions)
    consumer.assign(partitions)
    started, cpu = time.monotonic(), cpu_seconds()
    while left > 0:
        messages = consumer.consume(RECORDS_MAX, POLL_SECONDS)
        records = [message.value() for message in messages if message.error() is None]
        for record in records:
            decode(record or b"")
        left -= len(records)
    print(cpu_seconds() - cpu, time.monotonic() - started, peak_bytes("self"))
    consumer.close()


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()

"""What consuming costs by itself: the floor under every figure of the same run.

`python -m benchmarks.floor BOOTSTRAP TOPIC PART OF` reads the partitions that one of so many
processes would have, and prints CPU seconds, wall seconds and peak RSS in bytes.
"""

from __future__ import annotations

import resource
import sys
import time

import confluent_kafka as kafka

from benchmarks.memory import peak_bytes
from events.batch_size import RECORDS_MAX
from events.consumer import POLL_SECONDS
from events.kafka import consumer_conf


def main() -> None:
    bootstrap, topic, part, of = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    consumer = kafka.Consumer(consumer_conf({"bootstrap.servers": bootstrap}, "floor"))
    numbers = sorted(consumer.list_topics(topic, 10).topics[topic].partitions)[part::of]
    partitions = [kafka.TopicPartition(topic, number, 0) for number in numbers]
    left = sum(consumer.get_watermark_offsets(partition)[1] for partition in partitions)
    consumer.assign(partitions)
    started, cpu = time.monotonic(), _cpu_seconds()
    while left > 0:
        left -= sum(m.error() is None for m in consumer.consume(RECORDS_MAX, POLL_SECONDS))
    print(_cpu_seconds() - cpu, time.monotonic() - started, peak_bytes("self"))
    consumer.close()


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()

"""Two checkouts in one process, taking turns with the same batches of records.

What is measured is the main path from Kafka's messages to bytes at a sender: no consumer, no
kernel, no other thread. On a shared machine it is the only figure that repeats within a few
percent; what a whole worker costs is told by pairs of runs.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from confluent_kafka import TIMESTAMP_CREATE_TIME, Message

from benchmarks.floor import DECODERS
from benchmarks.scenarios import Scenario
from benchmarks.traffic import PARTITIONS, topic_of, values_of

BATCH_RECORDS = 1000
OURS = ("events", "drains", "shuttle")
"""Packages that each checkout has its own of."""
_BEGAN_MS = 1_787_000_000_000
_MAIN_PATH = Path(__file__).with_name("main_path.py")


def is_in_process(scenario: Scenario) -> bool:
    """Whether it differs on the main path, and not only behind it."""
    return (
        scenario.destination in ("tcp", "octet") and scenario.workers == 1 and not scenario.replayed
    )


class Turns(NamedTuple):
    """Microseconds of CPU a record, and the second checkout's to the first's."""

    floor: float
    base: float
    head: float
    ratio: float
    """The median of all batches."""


def take_turns(scenario: Scenario, base: Path, head: Path, records: int, rounds: int) -> Turns:
    """Every batch is worked on by both, so many times. Raises RuntimeError when they do not send
    as many bytes."""
    batches = list(_batches(scenario, records))
    gc.collect()
    gc.freeze()  # a worker has not so many records at a time
    return asyncio.run(_take_turns(scenario, base, head, batches, rounds))


async def _take_turns(
    scenario: Scenario,
    base: Path,
    head: Path,
    batches: Sequence[Sequence[Message]],
    rounds: int,
) -> Turns:
    decode = DECODERS[scenario.source]
    floors, ratios = [], []
    bases, heads = [], []
    kinds = [_main_path_of(tree) for tree in (base, head)]
    for number in range(rounds + 1):
        # Anew each time: what was delivered once is no news to a feed.
        first, second = (kind(scenario) for kind in kinds)
        await first.connect()
        await second.connect()
        for index, batch in enumerate(batches):
            if index % 2:
                after, before = _seconds(second.work_on, batch), _seconds(first.work_on, batch)
            else:
                before, after = _seconds(first.work_on, batch), _seconds(second.work_on, batch)
            if number:  # the first round makes both warm
                bases.append(before)
                heads.append(after)
                ratios.append(after / before)
                floors.append(_seconds(_decode_all, batch, decode))
        if first.bytes_sent != second.bytes_sent:
            raise RuntimeError(f"{first.bytes_sent} and {second.bytes_sent} bytes were sent")
    each = 1e6 / rounds / sum(map(len, batches))
    return Turns(sum(floors) * each, sum(bases) * each, sum(heads) * each, median(ratios))


def _decode_all(batch: Sequence[Message], decode: Callable[[bytes], object]) -> None:
    for message in batch:
        decode(message.value() or b"")


def _seconds(work: Callable[..., object], *arguments: object) -> float:
    began = time.thread_time()
    work(*arguments)
    return time.thread_time() - began


def _main_path_of(tree: Path) -> Any:
    """MainPath of benchmarks/main_path.py, made of the parts of that checkout."""
    for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
        del sys.modules[name]
    sys.path.insert(0, str(tree))
    try:
        spec = importlib.util.spec_from_file_location("main_path", _MAIN_PATH)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(tree))
    return module.MainPath


def _batches(scenario: Scenario, records: int) -> Iterator[Sequence[Message]]:
    """As a consumer hands them out: neighbours of one partition."""
    topic = topic_of(scenario.source)
    ends = [0] * PARTITIONS
    waiting: list[list[Message]] = [[] for _ in ends]
    for partition, value in values_of(scenario.source, scenario.apps, records):
        message = Message(
            topic=topic,
            partition=partition,
            offset=ends[partition],
            value=value,
            timestamp=(TIMESTAMP_CREATE_TIME, _BEGAN_MS + ends[partition]),
        )
        ends[partition] += 1
        waiting[partition].append(message)
        if len(waiting[partition]) == BATCH_RECORDS:
            yield waiting[partition]
            waiting[partition] = []
    yield from filter(None, waiting)

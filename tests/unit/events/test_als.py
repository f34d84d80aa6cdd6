"""Streams of Envoys: every entry is written, ignored or lost, and counted."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator

import pytest
from confluent_kafka import KafkaError
from prometheus_client import generate_latest

from events.als.counts import NODES_MAX, OTHER, AlsCounts
from events.als.metrics import registry_of
from events.als.streams import TOPIC, AccessLogs
from tests.support.als import VERSIONS, FakeKafka, entry, message
from tests.support.processes import ROOT
from tests.support.waiting import until


async def sent(*messages: bytes) -> AsyncIterator[bytes]:
    for data in messages:
        yield data


@pytest.fixture
def counts() -> AlsCounts:
    return AlsCounts()


@pytest.mark.parametrize("version", VERSIONS)
async def test_entries_become_records_in_order(version: str, counts: AlsCounts) -> None:
    kafka = FakeKafka()
    first = message(entry(path="/1"), entry(path="/2"), node="n", version=version)
    second = message(entry(path="/3"), version=version)

    assert await AccessLogs(kafka, counts).stream(sent(first, second), asyncio.Lock()) == b""

    paths = [json.loads(value)["request"]["path"] for _, value, _ in kafka.records]
    assert paths == ["/1", "/2", "/3"]
    assert {(topic, key) for topic, _, key in kafka.records} == {(TOPIC, b"gold-gs")}
    assert (counts.messages, counts.received, counts.written) == (2, 3, 3)


async def test_what_is_not_written_is_counted_by_reason(counts: AlsCounts) -> None:
    kafka = FakeKafka()
    nobodys = entry(common={"upstream_cluster": "PassthroughCluster"})
    messages = [message(tcp=2), message(nobodys, entry()), b"\xff\xff no message", b""]

    await AccessLogs(kafka, counts).stream(sent(*messages), asyncio.Lock())

    assert counts.ignored == {"tcp": 2, "no_app": 1, "unreadable": 1}
    assert (counts.received, counts.written, len(kafka.records)) == (5, 1, 1)


async def test_a_stream_is_not_read_while_kafka_has_no_room(counts: AlsCounts) -> None:
    kafka, read = FakeKafka(room=1), []

    async def many() -> AsyncIterator[bytes]:
        for number in range(4):
            read.append(number)
            yield message(entry())

    stream = asyncio.create_task(AccessLogs(kafka, counts).stream(many(), asyncio.Lock()))
    await until(lambda: counts.received == 2, 5, "the second message")
    for _ in range(100):
        await asyncio.sleep(0)
    assert (read, counts.written) == ([0, 1], 1)

    kafka.room = 100
    await stream
    assert (counts.received, counts.written, counts.lost.total()) == (4, 4, 0)


async def test_entries_of_a_stream_that_ends_without_room_are_counted_as_lost(
    counts: AlsCounts, caplog: pytest.LogCaptureFixture
) -> None:
    kafka = FakeKafka(room=1)
    stream = asyncio.create_task(
        AccessLogs(kafka, counts).stream(sent(message(entry(), entry(), entry())), asyncio.Lock())
    )
    await until(lambda: counts.written == 1, 5, "the first entry")

    stream.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stream

    assert (counts.received, counts.written, counts.lost) == (3, 1, {"stream_ended": 2})
    assert "2 so far" in caplog.text


async def test_what_kafka_refuses_is_counted_by_its_error_and_said_once(
    counts: AlsCounts, caplog: pytest.LogCaptureFixture
) -> None:
    kafka = FakeKafka(error=KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))

    await AccessLogs(kafka, counts).stream(sent(message(*[entry()] * 50)), asyncio.Lock())

    assert counts.lost == {"topic_authorization_failed": 50}
    assert len(caplog.records) == 1


async def test_streams_are_counted_by_node_while_they_are_open(counts: AlsCounts) -> None:
    kafka = FakeKafka(room=0)
    logs = AccessLogs(kafka, counts)
    open_streams = [
        asyncio.create_task(logs.stream(sent(message(entry(), node=node)), asyncio.Lock()))
        for node in ("a", "a", "b", "")
    ]
    await until(lambda: counts.received == 4, 5, "all streams")
    assert counts.streams == {"a": 2, "b": 1, "unknown": 1}

    kafka.room = 4
    await asyncio.gather(*open_streams)
    assert not counts.streams


def test_node_labels_are_bounded(counts: AlsCounts) -> None:
    labels = [counts.opened(f"node {number}") for number in range(NODES_MAX + 5)]

    assert len(counts.streams) == NODES_MAX + 1
    assert counts.streams[OTHER] == 5
    for label in labels:
        counts.closed(label)
    assert not counts.streams


async def test_a_peer_cannot_forge_a_metric(counts: AlsCounts) -> None:
    counts.opened('a"} 1\nlogshuttle_als_streams{node="b')
    counts.lose("a reason")

    told = generate_latest(registry_of(counts, lambda: 7)).decode()

    assert len([line for line in told.splitlines() if line.startswith("logshuttle_als_s")]) == 1
    assert 'logshuttle_als_entries_lost_total{reason="a reason"} 1.0' in told
    assert "logshuttle_als_entries_waiting 7.0" in told


def test_each_metric_is_in_the_docs(counts: AlsCounts) -> None:
    docs = (ROOT / "docs" / "metrics.md").read_text()

    for family in registry_of(counts, int).collect():
        suffix = "_total" if family.type == "counter" else ""
        assert f"`{family.name}{suffix}" in docs


async def test_debug_logs_each_entry_and_nothing_else_does(
    counts: AlsCounts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await AccessLogs(FakeKafka(), counts).stream(
        sent(message(entry(path="/secret"))), asyncio.Lock()
    )
    assert "/secret" not in caplog.text

    others = entry(common={"upstream_cluster": "x"})
    debugging = AccessLogs(FakeKafka(), counts, debug=True)
    await debugging.stream(sent(message(entry(path="/secret"), others, node="n\n")), asyncio.Lock())
    assert "/secret" in caplog.text
    assert "Entry of 'n\\n' ignored: no_app" in caplog.text

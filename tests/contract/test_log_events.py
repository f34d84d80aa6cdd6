"""`POST /log-events`, with a real Kafka behind it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from events.api import producer
from events.formats.decode import Decoder
from events.kafka.records import PartitionRecords, TopicPartition
from events.topics import SOURCE_TOPICS
from tests.contract.conftest import KEY, Api
from tests.support.broker import Broker
from tests.support.kafka import OwnKafka, TopicNames

PATH = "/log-events"
MISSING = object()

ApiTo = Callable[[str], Api]


@pytest.fixture
def api_to(db: None, settings: Any) -> Iterator[ApiTo]:
    """The API of a process whose Kafka is there."""

    def made(bootstrap: str) -> Api:
        settings.KAFKA_CONF = {"bootstrap.servers": bootstrap}
        return Api(KEY)

    producer.cache_clear()
    yield made
    if producer.cache_info().currsize:
        producer().close(0)
    producer.cache_clear()


@pytest.fixture
def api(api_to: ApiTo, kafka: Broker) -> Api:
    return api_to(kafka.bootstrap)


@pytest.fixture
def api_without_kafka(api_to: ApiTo) -> Api:
    return api_to("127.0.0.1:1")


def event(space: object = MISSING, **changes: Any) -> dict[str, Any]:
    """As fluentd sends it; `namespace` and `container` change what is in `kubernetes`."""
    pod = {
        "container_name": changes.pop("container", "gold"),
        "namespace_name": changes.pop("namespace", MISSING),
        "pod_name": "gold-1050769379-6ktnc",
    }
    fields = {"log": "hello\n", "stream": "stdout", "topic": space, "kubernetes": given(pod)}
    return given({**fields, **changes})


def given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not MISSING}


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["message"] == told["detail"]
    return told


def wrong_fields(answer: Any) -> set[str]:
    return {error["field"] for error in problem(answer, 422)["errors"]}


def topics(broker: Broker) -> set[str]:
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    return set(admin.list_topics(timeout=10).topics)


def test_an_event_is_on_its_spaces_topic_byte_for_byte(
    api: Api, kafka: Broker, topic: TopicNames
) -> None:
    space = kafka.create(topic(), 1)
    body = f'\n{{"topic" : "{space}", "log":"caf\\u00e9 \u00e9 1.0\\n", "n": 1.50e1,\t"kubernetes":'
    body += '{"pod_name":"gold-1-a","container_name":"gold"} } '

    answer = api.post(PATH, body)

    assert (answer.status_code, answer["Content-Type"]) == (201, "application/json")
    assert answer.content == body.encode()
    (record,) = kafka.consume(space, 1)
    assert (record.value(), record.key()) == (body.encode(), b"gold-1-a")
    decoder = Decoder()
    (line,) = decoder.lines_of(PartitionRecords(TopicPartition(space, 0), [record]))
    assert (str(line.origin.key), line.text) == (f"gold-{space}", "café é 1.0")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"namespace": "same"},
        {"space": MISSING, "namespace": "same"},
        {"space": None, "namespace": "same"},
        {"container": "gold--worker"},
        {"log": None, "message": "Fluent Bit's and Vector's"},
        {"log": "x", "message": 5},
        {"stream": 7, "time": [], "more": {"a": [1, {"b": None}]}},
    ],
)
def test_whatever_the_decoder_reads_is_taken(
    changes: dict[str, Any], api: Api, kafka: Broker, topic: TopicNames
) -> None:
    space = kafka.create(topic(), 1)
    named = {name: space if value == "same" else value for name, value in changes.items()}
    body = event(**{"space": space, **named})

    answer = api.post(PATH, body)

    assert (answer.status_code, answer.json()) == (201, body)
    (record,) = kafka.consume(space, 1)
    decoder = Decoder()
    assert len(decoder.lines_of(PartitionRecords(TopicPartition(space, 0), [record]))) == 1
    assert not decoder.malformed.counts


def test_a_bom_before_an_event_is_left_out(api: Api, kafka: Broker, topic: TopicNames) -> None:
    space = kafka.create(topic(), 1)
    body = json.dumps(event(space)).encode()

    assert api.post(PATH, b"\xef\xbb\xbf" + body).content == body
    (record,) = kafka.consume(space, 1)
    assert record.value() == body


def test_a_pods_events_stay_in_order(api: Api, kafka: Broker, topic: TopicNames) -> None:
    space = kafka.create(topic(), 4)

    for number in range(20):
        assert api.post(PATH, event(space, log=str(number))).status_code == 201

    records = kafka.consume(space, 20)
    assert len({record.partition() for record in records}) == 1
    logs = [json.loads(record.value() or b"")["log"] for record in records]
    assert logs == [str(number) for number in range(20)]


def test_a_space_without_a_topic_gets_one_if_the_broker_makes_it(
    api: Api, kafka: Broker, topic: TopicNames
) -> None:
    space = topic()

    assert api.post(PATH, event(space)).status_code == 201

    assert len(kafka.consume(space, 1)) == 1


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"kubernetes", "log", "topic"}),
        (event(), {"topic"}),
        (event(None), {"topic"}),
        (event(7), {"topic"}),
        (event("gs", namespace=["gs"]), {"kubernetes.namespace_name"}),
        (event("gs", namespace="other"), {"topic"}),
        (event("gs", log=MISSING), {"log"}),
        (event("gs", log=5), {"log"}),
        (event("gs", log=MISSING, message={}), {"message"}),
        (event("gs", kubernetes=[]), {"kubernetes"}),
        (event("gs", kubernetes={}), {"kubernetes.container_name"}),
        (event("gs", container=None), {"kubernetes.container_name"}),
        (event("gs", container=""), {"kubernetes.container_name"}),
        (event("gs", container="--web"), {"kubernetes.container_name"}),
    ],
)
def test_a_wrong_field_is_named(
    body: dict[str, Any], fields: set[str], api_without_kafka: Api
) -> None:
    assert wrong_fields(api_without_kafka.post(PATH, body)) == fields


ILLEGAL = [
    *("_consumer_offsets", "__consumer_offsets", "__x", "_", "../", "..", ".", "", "a/b", "a b"),
    *("x" * 250, "gs\n", "\ngs", "gs\0", "gs\r\n", "größe", "ｇs", "GS", "Gs", "-gs", ".gs", "gs "),
    *("g\u0131", "\u0660", "*", "^gs", "gs;x", "gs,x", "gs\u2028", "$gs"),
    *sorted(SOURCE_TOPICS),
]


@pytest.mark.parametrize("where", ["topic", "kubernetes.namespace_name"])
def test_no_other_topic_can_be_written(where: str, api: Api, kafka: Broker) -> None:
    before = topics(kafka)
    ends = {name: kafka.end_offsets(name) for name in SOURCE_TOPICS & before}

    for name in ILLEGAL:
        body = event(name) if where == "topic" else event(namespace=name)
        assert wrong_fields(api.post(PATH, body)) == {where}, name

    made = {name for name in topics(kafka) - before if name in ILLEGAL or name.startswith("_")}
    assert not made
    assert {name: kafka.end_offsets(name) for name in ends} == ends


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b" ",
            b"nope",
            b"[]",
            b'"text"',
            b"null",
            b"{",
            b'{"log":"\xff"}',
            b"\xef\xbb\xbf",
        ),
        *(b'{"log":NaN}', b'{"log":Infinity}', b'{"log":"\\ud800"}', b"{'log':1}", b'{"a":1}{}'),
        b'{"topic":"gs","topic":"other"}',
        b'{"kubernetes":{"container_name":"gold","container_name":"silver"}}',
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b'{"a":' + b"[" * 100_000,
        b'{"a":"' + b"[" * 100 + b'","b":' + b"[" * 64 + b"]" * 64 + b"}",
    ],
)
def test_what_is_no_json_object_or_says_two_things_is_400(
    body: bytes, api_without_kafka: Api
) -> None:
    problem(api_without_kafka.post(PATH, body), 400)


def test_brackets_in_text_are_no_depth(api: Api, kafka: Broker, topic: TopicNames) -> None:
    body = event(kafka.create(topic(), 1), log="[{" * 1000 + '"\\', deep={"a": [[[]]]})

    assert api.post(PATH, body).status_code == 201


def test_the_largest_event_passes_and_a_larger_one_does_not(
    api: Api, kafka: Broker, topic: TopicNames
) -> None:
    space = kafka.create(topic(), 1)
    empty = len(json.dumps(event(space, log="")))
    room = 256 * 1024 - empty

    assert api.post(PATH, event(space, log="x" * room)).status_code == 201
    problem(api.post(PATH, event(space, log="x" * (room + 1))), 413)
    assert kafka.end_offsets(space) == {0: 1}


@pytest.mark.parametrize("key", [None, "wrong", "Bearer wrong"])
def test_without_the_key_it_is_closed(
    key: str | None, with_authorization: Callable[[str | None], Api]
) -> None:
    problem(with_authorization(key).post(PATH, event("gs")), 401)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_it_is_there_for_posts_only(method: str, api_without_kafka: Api) -> None:
    problem(api_without_kafka.call(method, PATH), 405)


def test_with_kafka_away_it_says_so_soon(api_without_kafka: Api) -> None:
    began = time.monotonic()
    answer = api_without_kafka.post(PATH, event("gs"))

    assert time.monotonic() - began < 6
    assert "Kafka is away" in problem(answer, 503)["message"]
    assert answer["Retry-After"]


def test_what_the_broker_refuses_is_told(
    api_to: ApiTo, own_kafka: OwnKafka, topic: TopicNames
) -> None:
    broker = own_kafka(properties={"auto.create.topics.enable": "false"})
    Broker(broker.bootstrap).create("small", 1, max_message_bytes="100")
    api = api_to(broker.bootstrap)

    unknown = problem(api.post(PATH, event("nowhere")), 503)
    large = problem(api.post(PATH, event("small", log="x" * 1000)), 503)

    assert "Unknown topic" in unknown["message"]
    assert "too large" in large["message"]
    assert "nowhere" not in topics(Broker(broker.bootstrap))

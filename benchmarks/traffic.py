"""Records as each source writes them, lz4, spread over apps of space `bench`.

Seeded, and like real ones: five kinds of text, JSON inside the JSON string, wide characters, three
pods an app, a fifth of all lines from stderr, and time that moves on by a thousand lines a second.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from random import Random

import confluent_kafka as kafka
from confluent_kafka.admin import AdminClient, NewTopic

from benchmarks.texts import text

SPACE = "bench"
PARTITIONS = 4
PODS = "6ktnc", "x2wqz", "9hlvd"
"""As Kubernetes names them: other tags, so that a drain's connections share the lines."""
LINES_PER_SECOND = 1000
_BEGAN = 1_787_000_000  # epoch seconds
_ROUTER_TIME = "%Y-%m-%dT%H:%M:%S"

Record = Callable[[Random, int, int], str]
"""What an app writes as the record of this number of all."""


def _moment(chance: Random, number: int) -> str:
    """To the nanosecond, without a zone."""
    seconds, thousandth = divmod(number, LINES_PER_SECOND)
    nanoseconds = thousandth * (10**9 // LINES_PER_SECOND) + chance.randrange(10**6)
    return f"{time.strftime(_ROUTER_TIME, time.gmtime(_BEGAN + seconds))}.{nanoseconds:09}"


def _kubernetes(chance: Random, app: int, number: int) -> str:
    pod = chance.randrange(len(PODS))
    pod_name = f"app{app}-1050769379-{PODS[pod]}"
    return json.dumps(
        {
            "log": text(chance, number) + "\n",
            "stream": "stderr" if chance.random() < 0.2 else "stdout",
            "time": f"{_moment(chance, number)}Z",
            "docker": {
                "container_id": f"790e3ac96bc32b0bedaa95c53034cc7f135b58bf2337257e91040a{pod:010x}"
            },
            "kubernetes": {
                "namespace_name": SPACE,
                "pod_id": f"539194ff-6634-11e6-b7ad-06468cfee10{pod}",
                "pod_name": pod_name,
                "container_name": f"app{app}",
                "labels": {"name": f"app{app}", "pod-template-hash": "1050769379"},
                "host": f"ip-10-20-1-{pod}.eu-central-1.compute.internal",
            },
            "topic": SPACE,
            "tag": f"kubernetes.var.log.containers.{pod_name}.log",
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _web(chance: Random, app: int, number: int) -> str:
    service, connect = _milliseconds(chance), chance.randrange(3)
    return (
        f"hostname=app{app}-{SPACE}.example.com source={_address(chance)} path={_path(chance)}"
        f" timestamp={_moment(chance, number)[:19]}Z method={_method(chance)}"
        f" status={_status(chance)} bytes={_size(chance)} connect={connect}ms service={service}ms"
        f" total={service + connect}ms protocol=https request_id={_request_id(chance)}"
    )


def _istio(chance: Random, app: int, number: int) -> str:
    service = _milliseconds(chance)
    return (
        f'{{"time":"{_moment(chance, number)[:23]}Z","severity":"info","bytes":{_size(chance)},'
        f'"method":"{_method(chance)}","source":"istio","app":"app{app}","space":"{SPACE}",'
        f'"path":"{_path(chance)}","request_id":"{_request_id(chance)}",'
        f'"origin":"https://www.example.com/a","from":"gw","host":"app{app}-{SPACE}.example.com",'
        f'"fwd":"{_address(chance)},10.0.0.2","status":{_status(chance)},'
        f'"service":"{service}ms","dyno":"app{app}-abc","total":"{service + 3}ms"}}'
    )


def _envoy(chance: Random, app: int, number: int) -> str:
    first = chance.randrange(1_000_000, 90_000_000)
    last = first + chance.randrange(1_000_000)
    return (
        '{"common_properties":{"downstream_remote_address":{"socket_address":{"address":'
        f'"{_address(chance)}","port_value":{chance.randrange(1024, 65536)}}}}},"start_time":'
        f'"{_moment(chance, number)[:26]}Z","time_to_last_rx_byte":"0.000123s",'
        '"time_to_first_upstream_tx_byte":"0.001s","time_to_last_upstream_tx_byte":"0.001500s",'
        f'"time_to_first_upstream_rx_byte":"0.{first:09}s","time_to_last_upstream_rx_byte":'
        f'"0.{first:09}s","time_to_first_downstream_tx_byte":"0.{last:09}s",'
        f'"time_to_last_downstream_tx_byte":"0.{last:09}s","upstream_cluster":'
        f'"outbound|80||app{app}.{SPACE}.svc.cluster.local","tls_properties":{{"tls_version":'
        '"TLSv1_3","tls_sni_hostname":"www.example.com"}},"protocol_version":"HTTP2",'
        f'"request":{{"request_method":"{_method(chance)}","scheme":"https","authority":'
        f'"www.example.com","path":"{_path(chance)}","user_agent":"curl/7.88.1","forwarded_for":'
        f'"{_address(chance)},10.0.0.2","request_id":"{_request_id(chance)}","original_path":'
        f'"{_path(chance)}","request_headers_bytes":"{_size(chance)}","request_body_bytes":"40"}},'
        f'"response":{{"response_code":{_status(chance)},"response_headers_bytes":"120",'
        f'"response_body_bytes":"{_size(chance)}"}}}}'
    )


def _build(chance: Random, app: int, number: int) -> str:
    return json.dumps(
        {
            "build": 40 + app,
            "job": "build",
            "message": text(chance, number),
            "metadata": f"app{app}-{SPACE}",
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _milliseconds(chance: Random) -> int:
    return int(chance.lognormvariate(3, 1))


def _size(chance: Random) -> int:
    return int(chance.lognormvariate(7, 1.5))


def _status(chance: Random) -> int:
    return chance.choice((200, 200, 200, 200, 200, 201, 204, 302, 404, 500))


def _method(chance: Random) -> str:
    return chance.choice(("GET", "GET", "GET", "POST", "PUT"))


def _path(chance: Random) -> str:
    return f"/orders/{chance.randrange(10**6)}?page={chance.randrange(20)}&sort=name"


def _address(chance: Random) -> str:
    return f"10.{chance.randrange(4)}.{chance.randrange(256)}.{chance.randrange(256)}"


def _request_id(chance: Random) -> str:
    digits = f"{chance.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


SOURCES: dict[str, tuple[str, Record]] = {
    "kubernetes": (SPACE, _kubernetes),
    "router text": ("alamoweblogs", _web),
    "istio": ("istio-access-logs", _istio),
    "envoy": ("istio-access-logs", _envoy),
    "build": ("alamobuildlogs", _build),
}
"""Source → its topic, and a record of an app."""


def topic_of(source: str) -> str:
    return SOURCES[source][0]


def values_of(source: str, apps: int, records: int) -> Iterator[tuple[int, bytes]]:
    """So many records of a source, the app of each in turn; with the partition of each."""
    _, record = SOURCES[source]
    chance = Random(source)
    for number in range(records):
        value = record(chance, number % apps, number)
        yield number // apps % PARTITIONS, value.encode()


def fill(bootstrap: str, source: str, apps: int, records: int) -> None:
    """Write them to its topic."""
    producer = kafka.Producer(
        {"bootstrap.servers": bootstrap, "linger.ms": 20, "compression.type": "lz4"}
    )
    for partition, value in values_of(source, apps, records):
        _produce(producer, topic_of(source), value, partition)
    producer.flush()


def remove_topics(bootstrap: str) -> None:
    """Every worker consumes all sources: what one scenario wrote is not another's."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    ours = {topic for topic, _ in SOURCES.values()}
    if there := list(ours & admin.list_topics(timeout=10).topics.keys()):
        for answer in admin.delete_topics(there).values():
            answer.result()
    while ours & admin.list_topics(timeout=10).topics.keys():
        time.sleep(0.1)


def make_topic(bootstrap: str, source: str) -> None:
    """An empty one."""
    topic = topic_of(source)
    remove_topics(bootstrap)
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(topic, PARTITIONS)])[topic].result()


def _produce(producer: kafka.Producer, topic: str, value: bytes, partition: int) -> None:
    while True:
        try:
            producer.produce(topic, value, partition=partition)
        except BufferError:
            producer.poll(0.1)
        else:
            return

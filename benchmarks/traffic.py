"""Records as each source writes them, lz4, spread over apps of space `bench`."""

from __future__ import annotations

import time
from collections.abc import Callable

import confluent_kafka as kafka
from confluent_kafka.admin import AdminClient, NewTopic

SPACE = "bench"
PARTITIONS = 4

_KUBERNETES = (
    '{"log":"line %d GET /some/path?with=query status=200 took 12ms and a little more text\\n",'
    '"stream":"stdout","time":"2016-08-24T17:03:20.%09dZ","docker":{"container_id":'
    '"790e3ac96bc32b0bedaa95c53034cc7f135b58bf2337257e91040a0f02f09110"},"kubernetes":'
    '{"namespace_name":"space","pod_id":"539194ff-6634-11e6-b7ad-06468cfee103","pod_name":'
    '"app%d-1050769379-6ktnc","container_name":"app%d","labels":{"name":"some-labels"},'
    '"host":"ip-1-1-1-1.somehost.somedomain.com"},"topic":"space","tag":"some-tags.log"}'
)
_WEB = (
    "hostname=app%d-bench.example.com source=10.20.30.40 path=/some/path?with=query&n=%d"
    " timestamp=2016-08-24T17:03:20Z method=GET status=200 bytes=1234 connect=1ms service=12ms"
    " total=13ms protocol=https request_id=539194ff-6634-11e6-b7ad-06468cfee103"
)
_ISTIO = (
    '{"time":"2020-05-05T01:02:03.456Z","severity":"info","bytes":512,"method":"GET",'
    '"source":"istio","app":"app%d","space":"bench","path":"/a/b?n=%d","request_id":'
    '"539194ff-6634-11e6-b7ad-06468cfee103","origin":"https://www.example.com/a","from":"gw",'
    '"host":"gold-gs.example.com","fwd":"10.0.0.1,10.0.0.2","status":200,"service":"12ms",'
    '"dyno":"gold-gs-abc","total":"15ms"}'
)
_ENVOY = (
    '{"common_properties":{"downstream_remote_address":{"socket_address":{"address":"10.1.1.1",'
    '"port_value":5555}},"start_time":"2020-05-05T01:02:03.456789Z","time_to_last_rx_byte":'
    '"0.000123s","time_to_first_upstream_tx_byte":"0.001s","time_to_last_upstream_tx_byte":'
    '"0.001500s","time_to_first_upstream_rx_byte":"0.010s","time_to_last_upstream_rx_byte":'
    '"0.0125s","time_to_first_downstream_tx_byte":"0.011s","time_to_last_downstream_tx_byte":'
    '"0.015s","upstream_cluster":"outbound|80||app%d.bench.svc.cluster.local","tls_properties":'
    '{"tls_version":"TLSv1_3","tls_sni_hostname":"www.example.com"}},"protocol_version":"HTTP2",'
    '"request":{"request_method":"POST","scheme":"https","authority":"www.example.com","path":'
    '"/x?n=%d","user_agent":"curl/7","forwarded_for":"10.0.0.1,10.0.0.2","request_id":"aa-bb",'
    '"original_path":"/orig?x=1","request_headers_bytes":"300","request_body_bytes":"40"},'
    '"response":{"response_code":201,"response_headers_bytes":"120","response_body_bytes":"2000"}}'
)


def _kubernetes(app: int, number: int) -> str:
    nanoseconds = (number * 791_912_347 + 123_456_789) % 10**9
    return _KUBERNETES % (number, nanoseconds, app, app)


def _build(app: int, number: int) -> str:
    return (
        f'{{"build":40,"job":"test","message":"Step {number} of many: RUN make all",'
        f'"metadata":"app{app}-{SPACE}"}}'
    )


SOURCES: dict[str, tuple[str, Callable[[int, int], str]]] = {
    "kubernetes": (SPACE, _kubernetes),
    "router text": ("alamoweblogs", lambda app, number: _WEB % (app, number)),
    "istio": ("istio-access-logs", lambda app, number: _ISTIO % (app, number)),
    "envoy": ("istio-access-logs", lambda app, number: _ENVOY % (app, number)),
    "build": ("alamobuildlogs", _build),
}
"""Source → its topic, and a record of an app."""


def topic_of(source: str) -> str:
    return SOURCES[source][0]


def fill(bootstrap: str, source: str, apps: int, records: int) -> None:
    """Write `records` of a source, the app of each in turn, to its topic."""
    topic, record = SOURCES[source]
    producer = kafka.Producer(
        {"bootstrap.servers": bootstrap, "linger.ms": 20, "compression.type": "lz4"}
    )
    for number in range(records):
        value = record(number % apps, number)
        _produce(producer, topic, value, partition=number // apps % PARTITIONS)
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


def _produce(producer: kafka.Producer, topic: str, value: str, partition: int) -> None:
    while True:
        try:
            producer.produce(topic, value.encode(), partition=partition)
        except BufferError:
            producer.poll(0.1)
        else:
            return

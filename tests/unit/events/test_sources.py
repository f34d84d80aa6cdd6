"""Router and build lines, held against what the original sent."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drains.delivery.wire.rfc5424 import PRI_AND_VERSION, WireFormat, framed, header_of
from events.formats.decode import FORMATS, Decoder
from events.formats.envoy import app_of_cluster
from events.keys import AppKey, Key, SiteKey
from events.lines import LogLine
from events.topics import SOURCE_TOPICS
from tests.support.golden import GoldenCase, golden_cases
from tests.support.records import RECORD_TIME, records_of

TOPICS = {
    "web": "alamoweblogs",
    "istio": "istio-access-logs",
    "envoy": "istio-access-logs",
    "build": "alamobuildlogs",
}
DRAINS: dict[str, Key] = {
    "gs": AppKey("gold", "gs"),
    "hy": AppKey("gold", "my-long-space"),
    "default": AppKey("gold", "default"),
    "site": SiteKey("www.gold.example"),
}

_ISTIO = (
    "<14>1 @NOW@ gold-gs akkeris/router - - - bytes={} method=GET request_id=11-22"
    " fwd=10.0.0.1,10.0.0.2 origin=https://www.example.com/a status=200 service={}"
    " total=15ms source=istio dyno=gold-gs-abc host=gold-gs path=/a/b?c=d"
)
_ENVOY = (
    "<14>1 @NOW@ gold-gs akkeris/router - - - bytes=2460 request_size=340 response_size=2120"
    " method=POST request_id=aa-bb fwd=10.0.0.1,10.0.0.2 authority=gold-gs.example.com"
    " origin=https://www.example.com/orig?x=1 protocol=http2 tls=TLSv1_3 status={}"
    " connect={} service=12.50ms total=15.00ms dyno=gold-gs host=gold-gs path=/rewritten"
)
_BUILD = "<14>1 @NOW@ gold-gs akkeris/build - - - {}"

# Where ours differs on purpose, what it sends instead (the case's `ours` says why).
OURS = {
    "web/nbsp": {"gs": ["<14>1 @NOW@ gold-gs akkeris/router - - -  host=gold-gs path="]},
    "web/invalid-utf8": {
        "gs": ["<14>1 @NOW@ gold-gs akkeris/router - - - x=1 host=gold-gs path=/\ufffd\ufffd"]
    },
    "web/port-no-domain": {
        "gs": ['<14>1 @NOW@ gold-gs akkeris/router - - - fwd="1.1.1.1" host=gold-gs path=/']
    },
    "istio/bytes-float": {"gs": [_ISTIO.format("1.5", "12ms")]},
    "istio/service-number": {"gs": [_ISTIO.format("512", "12")]},
    "istio/time-bad": {"gs": [_ISTIO.format("512", "12ms")]},
    "istio/als-shape": {
        "gs": [
            "<14>1 @NOW@ gold-gs akkeris/router - - - bytes=0 request_size=0 response_size=0"
            " method= request_id= fwd= authority= origin= protocol= tls= status=200 connect="
            " service= total= dyno=gold-gs host=gold-gs path="
        ]
    },
    "envoy/sizes-numbers": {"gs": [_ENVOY.format("201", "1.50ms")]},
    "envoy/code-absent": {"gs": [_ENVOY.format("0", "1.50ms")]},
    "envoy/no-upstream-tx": {"gs": [_ENVOY.format("201", "")]},
    "envoy/no-rx": {"gs": [_ENVOY.format("201", "1.50ms")]},
    "envoy/no-request": {
        "gs": [
            "<14>1 @NOW@ gold-gs akkeris/router - - - bytes=2120 request_size=0"
            " response_size=2120 method= request_id= fwd= authority="
            " origin=https://www.example.com protocol=http2 tls=TLSv1_3 status=201"
            " connect=1.50ms service=12.50ms total=15.00ms dyno=gold-gs host=gold-gs path="
        ]
    },
    "envoy/istio-shape": {
        "gs": [
            "<14>1 @NOW@ gold-gs akkeris/router - - - bytes=0 method= request_id=x fwd= origin="
            " status=0 service= total= source= dyno= host=gold-gs path="
        ]
    },
    "build/build-string": {"gs": [_BUILD.format("Hello World")]},
    "build/build-float": {"gs": [_BUILD.format("Hello World")]},
    "build/multi-line": {"gs": [_BUILD.format("a b")]},
    "build/arg-secret": {"gs": [_BUILD.format("Step 3/9 : ARG API_TOKEN=hunter2")]},
}

CASES = [
    pytest.param(source, case, id=f"{source}/{case}")
    for source in TOPICS
    for case in golden_cases(source)
]


def lines_of(topic: str, value: bytes) -> list[LogLine]:
    return Decoder().lines_of(records_of([value], topic))


def sent_for(topic: str, value: bytes) -> dict[str, list[str]]:
    sent: dict[str, list[str]] = {}
    for line in lines_of(topic, value):
        for name, key in DRAINS.items():
            if line.origin.key == key:
                sent.setdefault(name, []).append(record_of(line))
    return sent


def record_of(line: LogLine) -> str:
    header = header_of(line.origin, WireFormat())
    record = f"{PRI_AND_VERSION[line.severity]}{line.time}{header}{line.text}"
    return framed([record], WireFormat()).data.decode().removesuffix("\n")


@pytest.mark.parametrize(("source", "case"), CASES)
def test_golden(source: str, case: GoldenCase) -> None:
    wanted = OURS[f"{source}/{case}"] if case.ours else case.original
    expected = {
        drain: [line.replace("@NOW@", RECORD_TIME) for line in lines]
        for drain, lines in wanted.items()
    }
    assert sent_for(TOPICS[source], case.value) == expected


@pytest.mark.parametrize("topic", FORMATS)
@given(value=st.binary(max_size=300) | st.none())
def test_any_bytes_give_lines_or_one_malformed_record(topic: str, value: bytes | None) -> None:
    decoder = Decoder()
    lines = decoder.lines_of(records_of([value], topic))
    assert "internal_error" not in decoder.malformed.counts
    assert bool(lines) != bool(decoder.malformed.counts.total())


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
_FIELDS = ["app", "space", "bytes", "status", "request", "response", "protocol_version"]
_FIELDS += ["common_properties", "metadata", "message"]
_INNER = ["upstream_cluster", "tls_properties", "response_flags", "response_code"]
_INNER += ["time_to_last_upstream_tx_byte", "downstream_connection_termination", "path"]


@pytest.mark.parametrize("topic", ["istio-access-logs", "alamobuildlogs"])
@given(
    fields=st.dictionaries(
        st.sampled_from(_FIELDS), _json | st.dictionaries(st.sampled_from(_INNER), _json)
    )
)
def test_fields_of_any_type_cost_at_most_their_own_line(
    topic: str, fields: dict[str, object]
) -> None:
    decoder = Decoder()
    lines = decoder.lines_of(records_of([json.dumps(fields).encode()], topic))
    assert "internal_error" not in decoder.malformed.counts
    assert len(lines) + decoder.malformed.counts.total() == 1


@given(path=st.text().map(lambda text: "".join(text.split(" "))))
def test_a_path_cannot_name_another_app(path: str) -> None:
    path = path.encode("utf-8", "replace").translate(None, b"\t\n\v\f\r").decode()
    value = f"hostname=gold-gs.x path=/{path}\u2003hostname=evil-gs.x".encode()
    (line,) = lines_of("alamoweblogs", value)
    assert line.origin.key == DRAINS["gs"]
    assert line.text.endswith(f"path=/{path}\u2003hostname=evil-gs.x")


def test_an_odd_type_costs_only_its_own_field() -> None:
    entry = {
        "common_properties": {
            "upstream_cluster": "outbound|80||gold.gs.svc.cluster.local",
            "tls_properties": {"tls_version": 7, "tls_sni_hostname": "www.example.com"},
            "response_flags": {"downstream_connection_termination": "yes"},
            "time_to_last_upstream_tx_byte": 12,
        },
        "request": {"path": ["a"], "request_method": None, "request_headers_bytes": {}},
        "response": "none",
    }
    (line,) = lines_of("istio-access-logs", json.dumps(entry).encode())
    assert line.text == (
        "bytes=0 request_size=0 response_size=0 method= request_id= fwd= authority="
        " origin=https://www.example.com protocol= tls=7 status=0 connect=12000.00ms service="
        ' total= dyno=gold-gs host=gold-gs path=["a"]'
    )


@pytest.mark.parametrize(
    ("code", "flag", "status"),
    [
        (None, True, "499"),
        (0, True, "499"),
        ("0", True, "499"),
        (None, False, "0"),
        (200, True, "200"),
    ],
)
def test_status_of_a_connection_that_the_client_ended(
    code: object, flag: bool, status: str
) -> None:
    entry = {
        "common_properties": {
            "upstream_cluster": "outbound|80||gold.gs.svc.cluster.local",
            "response_flags": {"downstream_connection_termination": flag},
        },
        "response": {"response_code": code},
    }
    (line,) = lines_of("istio-access-logs", json.dumps(entry).encode())
    assert f" status={status} " in line.text


@pytest.mark.parametrize(
    ("cluster", "key"),
    [
        ("outbound|80|stable|gold.gs.svc.cluster.local", AppKey("gold", "gs")),
        ("outbound|80||gold.gs.svc", AppKey("gold", "gs")),
        ("inbound|80|http|gold.gs.svc.cluster.local", AppKey("gold", "gs")),
        ("outbound|80||gold.gs.svc.cluster.local;", AppKey("gold", "gs")),
        ("outbound|443||api.example.com", None),
        ("outbound|443||gold.gs.example.com", None),
        ("outbound|443||gold.gs", None),
        ("outbound|80||.gs.svc.cluster.local", None),
        ("inbound|8080||", None),
        ("PassthroughCluster", None),
        ("BlackHoleCluster", None),
        ("", None),
    ],
)
def test_a_clusters_name_names_its_app(cluster: str, key: AppKey | None) -> None:
    whose = app_of_cluster(cluster)
    assert (whose.key if whose else None) == key


def test_a_site_gets_its_line_though_the_host_name_is_no_app() -> None:
    value = b"hostname=-x.example.com site_domain=www.gold.example site_path=/p method=GET"
    assert sent_for("alamoweblogs", value) == {
        "site": [
            f"<14>1 {RECORD_TIME} www.gold.example akkeris/router - - - method=GET"
            " host=www.gold.example path=/p"
        ]
    }


@pytest.mark.parametrize("case", golden_cases("web"), ids=str)
def test_a_line_is_read_the_same_once_its_layout_is_known(case: GoldenCase) -> None:
    decoder = Decoder()
    first, *others = (decoder.lines_of(records_of([case.value], "alamoweblogs")) for _ in range(4))
    assert [lines == first for lines in others] == [True, True, True]


_pairs = st.lists(
    st.tuples(
        st.sampled_from(
            ["hostname", "host", "path", "source", "site_domain", "timestamp", "x", "y.z*", ""]
        ),
        st.sampled_from(
            [
                *[
                    "gold-gs.x",
                    "",
                    "/p",
                    "a=b",
                    "%20",
                    "é",
                    "\u2003",
                    "a+b",
                    "%zz",
                    "\ud800",
                    "\x01",
                    "a\x1cb",
                ],
                *[
                    '"',
                    '""',
                    '"a"',
                    '"a',
                    'b"',
                    '"a b"',
                    '"a path=/q"',
                    '" hostname=gold-my.x"',
                    '"\\" x=2"',
                    "a,",
                    "a, b",
                ],
            ]
        ),
    ),
    max_size=8,
)


@given(lines=st.lists(_pairs, min_size=1, max_size=4), separator=st.sampled_from([" ", "  ", "\t"]))
def test_layouts_change_nothing(lines: list[list[tuple[str, str]]], separator: str) -> None:
    values = [
        separator.join(f"{key}={text}" for key, text in pairs).encode("utf-8", "surrogatepass")
        for pairs in lines
        for _ in range(3)
    ]
    learned = Decoder()
    for value in values:
        found = learned.lines_of(records_of([value], "alamoweblogs"))
        fresh = Decoder().lines_of(records_of([value], "alamoweblogs"))
        assert [(a.origin.key, a.text) for a in found] == [(b.origin.key, b.text) for b in fresh]


def test_each_topic_of_a_source_has_a_format() -> None:
    """Another would be read as a space's."""
    assert FORMATS.keys() == SOURCE_TOPICS

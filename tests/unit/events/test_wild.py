"""Records that real senders write: each is one of a kind, with more of its kind beside it."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest

from events.formats.decode import Decoder
from events.keys import AppKey, SiteKey
from events.lines import LogLine
from tests.support.records import RECORD_TIME, records_of
from tests.unit.events.test_sources import record_of

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "wild" / "records.json").read_text()
)
WANTED = {AppKey("shop", "wk"), SiteKey("www.example.com")}

EVENT: dict[str, Any] = {
    "stream": "stdout",
    "time": "2022-09-30T09:27:40.5Z",
    "kubernetes": {"container_name": "shop", "pod_name": "shop-1"},
}


def lines_of(value: Any, topic: str = "wk") -> list[LogLine]:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Decoder().lines_of(records_of([data], topic))


def texts_of(value: Any, topic: str = "wk") -> list[str]:
    return [line.text for line in lines_of(value, topic)]


def reasons_of(value: Any, topic: str = "wk") -> dict[str, int]:
    decoder = Decoder()
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    assert decoder.lines_of(records_of([data], topic)) == []
    return decoder.malformed.counts


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['kind']}-{case['id']}")
def test_a_line_that_is_in_a_record_arrives(case: dict[str, Any]) -> None:
    value = case["value"]
    data = base64.b64decode(value["b64"]) if isinstance(value, dict) else value.encode()

    lines = Decoder().lines_of(records_of([data], case["topic"]))

    sent = [record_of(line) for line in lines if line.origin.key in WANTED]
    for wanted in case["expected"]:
        wanted = wanted.replace("{RT}", RECORD_TIME)
        assert any(wanted[1:] in one if wanted[0] == "~" else wanted == one for one in sent), sent
    assert len(sent) == len(case["expected"])


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"log": [1, "a", None]}, '[1,"a",null]'),
        ({"log": 5}, "5"),
        ({"log": 1.5}, "1.5"),
        ({"log": False}, "false"),
        ({"log": {"b": 2, "a": "é"}}, '{"b":2,"a":"é"}'),
        ({"log": {"n": 123456789012345678901234567890}}, '{"n":123456789012345678901234567890}'),
        ({"log": None, "message": {"a": 1}}, '{"a":1}'),
        ({"log": {"a": 1}, "message": {"b": 2}}, '{"a":1}'),
        ({"log": {"a": 1}, "message": 7, "msg": "text"}, "text"),
        ({"log": {"offset": 7}, "message": "of Filebeat"}, "of Filebeat"),
        ({"log": "text", "message": {"a": 1}}, "text"),
        ({"log": "text", "message": "other"}, "text"),
        ({"message": {"a": {"b": []}}}, '{"a":{"b":[]}}'),
        ({"msg": "short"}, "short"),
        ({"msg": {"a": 1}, "level": "info"}, '{"msg":{"a":1},"level":"info"}'),
        ({"log": None, "level": "info"}, '{"level":"info"}'),
        ({"level": "info", "docker": {"id": 1}, "tag": "t", "topic": "x"}, '{"level":"info"}'),
        ({"level": "info", "@timestamp": 1, "date": 2, "timestamp": 3}, '{"level":"info"}'),
        ({"log": None}, ""),
        ({"message": None}, ""),
        ({"log": ""}, ""),
    ],
)
def test_a_text_that_is_none_is_a_line_all_the_same(fields: dict[str, Any], text: str) -> None:
    assert texts_of({**EVENT, **fields}) == [text]


@pytest.mark.parametrize(
    "fields", [{}, {"docker": {}, "tag": 5, "topic": "x"}, {"@timestamp": 1.5, "date": "x"}]
)
def test_an_event_that_says_nothing_is_counted_as_empty(fields: dict[str, Any]) -> None:
    assert reasons_of({**EVENT, **fields}) == {"empty": 1}


def test_what_lacks_a_text_is_counted_whether_or_not_somebody_wants_it() -> None:
    decoder = Decoder()
    values = [json.dumps({**EVENT, "log": text}).encode() for text in ("a", "b")]
    records = records_of([values[0], json.dumps(EVENT).encode(), values[1]], "wk", begin=7)

    lines = decoder.wanted_lines_of(records, lambda _: False)

    assert (list(lines), decoder.malformed.counts) == ([], {"empty": 1})
    assert decoder.malformed.samples[0][:4] == ("wk", 0, 8, "empty")


@pytest.mark.parametrize(
    ("fields", "time"),
    [
        ({"@timestamp": "2022-09-30T09:27:41Z"}, "2022-09-30T09:27:41Z"),
        ({"@timestamp": 1664530060.954726}, "2022-09-30T09:27:40.954726Z"),
        ({"date": 1664530060.954726}, "2022-09-30T09:27:40.954726Z"),
        ({"timestamp": 1664530060}, "2022-09-30T09:27:40Z"),
        ({"time": 1664530060954}, "2022-09-30T09:27:40.954Z"),
        ({"time": 1664530060954726766}, "2022-09-30T09:27:40.954726Z"),
        ({"time": "2022-09-30T11:27:40+02"}, "2022-09-30T11:27:40+02:00"),
        ({"time": "10:22", "@timestamp": "2022-09-30T09:27:41Z"}, "2022-09-30T09:27:41Z"),
        ({"time": 0.25, "timestamp": "2022-09-30T09:27:41Z"}, "2022-09-30T09:27:41Z"),
        ({"time": "2022-09-30T09:27:40Z", "@timestamp": "2001-01-01T00:00:00Z"},
         "2022-09-30T09:27:40Z"),
        ({"date": "yesterday"}, RECORD_TIME),
        ({"time": True}, RECORD_TIME),
        ({"time": "2022-09-30T24:00:00Z"}, RECORD_TIME),
        ({"time": 1e300}, RECORD_TIME),
    ],
)  # fmt: skip
def test_a_time_is_read_by_all_its_names(fields: dict[str, Any], time: str) -> None:
    (line,) = lines_of({"log": "x", "kubernetes": EVENT["kubernetes"], **fields})
    assert line.time == time


@pytest.mark.parametrize(
    "pod",
    [
        {"container": {"name": "shop"}, "pod": {"name": "shop-1"}, "namespace": "wk"},
        {"container_name": None, "container": {"name": "shop"}, "pod_name": "shop-1"},
    ],
)
def test_names_may_be_nested_as_filebeat_nests_them(pod: dict[str, Any]) -> None:
    (line,) = lines_of({**EVENT, "message": "x", "kubernetes": pod})
    assert (line.origin.key, line.origin.tag) == (AppKey("shop", "wk"), "web.1")


@pytest.mark.parametrize("pod", [None, "x", {}, {"container": "shop"}, {"container_name": ""}])
def test_an_event_of_no_container_says_so(pod: object) -> None:
    assert reasons_of({**EVENT, "log": "x", "kubernetes": pod}) == {"no_container": 1}


def test_a_record_on_the_routers_topic_is_read_as_what_it_is() -> None:
    build = {"build": 1, "job": "j", "message": "a=b  c\n", "metadata": "shop--worker-wk"}
    cluster = "outbound|80||shop.wk.svc.cluster.local"
    entries = [build, {"upstream_cluster": cluster, "path": "/p"}, {"hostname": "shop-wk.x"}]
    text = b"hostname=shop-wk.x method=GET path=/q"
    decoder = Decoder()

    for _ in range(3):  # with and without a known layout
        lines = decoder.lines_of(
            records_of([text, json.dumps(entries).encode(), text], "alamoweblogs")
        )
        assert [(line.origin.source, line.origin.tag) for line in lines] == [
            ("router", "akkeris/router"),
            ("build", "akkeris/build"),
            ("router", "akkeris/router"),
            ("router", "akkeris/router"),
        ]
        assert lines[1].text == "a=b  c"
        assert {line.origin.key for line in lines} == {AppKey("shop", "wk")}
        assert {line.time for line in lines} == {RECORD_TIME}
    assert decoder.malformed.counts == {"no_app": 3}


def test_json_among_router_text_leaves_the_text_its_layout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = b"hostname=shop-wk.x method=GET path=/q"
    build = json.dumps({"build": 1, "message": "m", "metadata": "shop-wk"}).encode()
    decoder = Decoder()
    decoder.lines_of(records_of([text] * 2, "alamoweblogs"))  # its layout is known
    taken_apart: list[bytes] = []
    monkeypatch.setattr("events.formats.web._tokens_of", taken_apart.append)

    lines = decoder.lines_of(records_of([text, build, text, b" " + build, build], "alamoweblogs"))

    sources = [line.origin.source for line in lines]
    assert sources == ["router", "build", "router", "build", "build"]
    assert decoder.lines_of(records_of([build], "alamoweblogs"))
    assert taken_apart == []


@pytest.mark.parametrize("value", [b"{", b"[", b'{"metadata": ', b"[1]", b"{}{}"])
def test_what_only_begins_like_json_is_counted_there(value: bytes) -> None:
    assert reasons_of(value, "alamoweblogs").keys() <= {"not_json", "not_an_object", "no_app"}


@pytest.mark.parametrize(
    ("pairs", "text"),
    [
        ("t=0.000, 0.016 x=1", "t=0.000, 0.016 x=1"),
        ("t=0.000, 0.016, 0.1", "t=0.000, 0.016, 0.1"),
        ("t=a,  b", "t=a,  b"),
        ("source=10.0.0.1, 10.0.0.2", 'fwd="10.0.0.1, 10.0.0.2"'),
        ("t=a, x=1", "t=a, x=1"),
        ("t=a,", "t=a,"),
        ('ua="Mozilla/5.0 (X11; Linux)" x=1', 'ua="Mozilla/5.0 (X11; Linux)" x=1'),
        ('ua="a \\" b" x=1', 'ua="a \\" b" x=1'),
        ('ua="a, b" x=1', 'ua="a, b" x=1'),
        ('ua="" ref="-"', 'ua="" ref="-"'),
        ('ua="open x=1', 'ua="open x=1'),
        ('ua="hostname=evil-wk.x path=/evil"', 'ua="hostname=evil-wk.x path=/evil"'),
    ],
)
def test_what_belongs_to_a_pair_of_router_text(pairs: str, text: str) -> None:
    value = f"hostname=shop-wk.x {pairs} path=/p".encode()
    decoder = Decoder()
    for _ in range(3):
        (line,) = decoder.lines_of(records_of([value], "alamoweblogs"))
        assert (line.origin.key, line.text) == (
            AppKey("shop", "wk"),
            f"{text} host=shop-wk path=/p",
        )


@pytest.mark.parametrize(
    ("value", "key", "text"),
    [
        (
            'id=" hostname=shop-wk.x path=/y" total=1',
            AppKey("shop", "wk"),
            'id=" total=1 host=shop-wk path=/y"',
        ),
        (
            'id="a host=shop-wk.x path=/y" ua="b c"',
            AppKey("shop", "wk"),
            'id="a host=shop-wk.x ua="b c" host=shop-wk path=/y"',
        ),
        (
            'id=" site_domain=www.example.com\tsite_path=/y" total=1',
            SiteKey("www.example.com"),
            'id=" total=1 host=www.example.com path=/y"',
        ),
        (
            'hostname=shop-wk.x path=/p ua="a hostname=evil-wk.x site_domain=evil.example path=/y"',
            AppKey("shop", "wk"),
            'ua="a hostname=evil-wk.x site_domain=evil.example path=/y" host=shop-wk path=/p',
        ),
    ],
)
def test_quotes_of_a_client_hide_no_line_and_forge_none(
    value: str, key: AppKey | SiteKey, text: str
) -> None:
    """A client sends a quote in one header and another in its path: what is between is no text of
    its; what it sends in quotes that the router set is."""
    decoder = Decoder()
    for _ in range(3):
        (line,) = decoder.lines_of(records_of([value.encode()], "alamoweblogs"))
        assert (line.origin.key, line.text) == (key, text)


@pytest.mark.parametrize("site", ["", "site_domain= "])
def test_other_lines_teach_no_layout_that_hides_an_owner(site: str) -> None:
    decoder = Decoder()
    named = site.replace("= ", "=www.x ")
    values = [f"{named}id=1 total=1"] * 3 + [f'{site}id=" hostname=shop-wk.x" total=1']
    found = [decoder.lines_of(records_of([value.encode()], "alamoweblogs")) for value in values]
    assert [line.origin.key for line in found[-1]] == [AppKey("shop", "wk")]


def test_of_two_quoted_values_that_name_an_owner_neither_is_believed() -> None:
    value = b'id=" hostname=shop-wk.x path=/y" ua="a hostname=evil-wk.x"'
    assert reasons_of(value, "alamoweblogs") == {"no_hostname": 1}


@pytest.mark.parametrize("pairs", ["t=0.1 0.2", "t=0.1 : 0.2", 'ua="a b', 'ua="a b"c', "a, b"])
def test_any_other_token_that_is_no_pair_costs_the_line(pairs: str) -> None:
    assert reasons_of(f"hostname=shop-wk.x {pairs}".encode(), "alamoweblogs") == {"not_pairs": 1}


@pytest.mark.parametrize(
    ("hostname", "name"),
    [
        ("SHOP-WK", "shop-wk"),
        ("shop-wk:8080", "shop-wk"),
        ("Shop-wk.Example.com.:443", "shop-wk"),
        ('"shop-wk.example.com"', "shop-wk"),
        ("shop--worker-wk.example.com", "shop--worker-wk"),
        ("shop--a--b-wk.example.com", "shop--a--b-wk"),
    ],
)
@pytest.mark.parametrize("field", ["hostname", "host"])
def test_every_spelling_of_a_host_name_is_the_same_app(
    field: str, hostname: str, name: str
) -> None:
    (line,) = lines_of(f"method=GET {field}={hostname} path=/p".encode(), "alamoweblogs")
    stays = f" host={hostname}" if field == "host" else ""
    assert line.origin.key == AppKey("shop", "wk")
    assert line.origin.name == "shop-wk"
    assert line.text == f"method=GET{stays} host={name} path=/p"


def test_a_process_type_without_a_space_is_of_the_default_one() -> None:
    (line,) = lines_of(b"hostname=shop--worker.example.com", "alamoweblogs")
    assert line.origin.key == AppKey("shop", "default")
    assert line.text.endswith(" host=shop--worker-default path=")


def test_a_host_counts_only_where_there_is_no_hostname() -> None:
    (line,) = lines_of(b"host=other-wk.x hostname=shop-wk.x path=/p", "alamoweblogs")
    assert (line.origin.key, line.text) == (
        AppKey("shop", "wk"),
        "host=other-wk.x host=shop-wk path=/p",
    )


@pytest.mark.parametrize("hostname", ["", "hostname= "])
def test_a_host_counts_where_the_hostname_is_empty(hostname: str) -> None:
    decoder = Decoder()
    full, empty = (
        f"{pair}path=/p host=gold-gs.x".encode() for pair in ("hostname=shop-wk.x ", hostname)
    )
    decoder.lines_of(records_of([full] * 3, "alamoweblogs"))  # its layout is known
    for _ in range(3):
        (line,) = decoder.lines_of(records_of([empty], "alamoweblogs"))
        assert (line.origin.key, line.text) == (
            AppKey("gold", "gs"),
            "host=gold-gs.x host=gold-gs path=/p",
        )


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("www.customer.example", "www.customer.example"),
        ("www.customer.example", ""),
        ("shop-eu.customer.example", "shop-eu.customer.example"),
        ("Shop-EU.customer.example:443", "shop-eu.customer.example."),
        ('"shop-eu.customer.example"', "shop-eu.customer.example"),
        ("shop--worker.customer.example", ""),
        ("shop-", ""),
        ("10.0.0.1", ""),
    ],
)
@pytest.mark.parametrize("hostname", ["", "hostname= "])
def test_a_customers_domain_is_nobodys_app(hostname: str, host: str, site: str) -> None:
    """Whoever owns an app `www` or `shop-eu` would read that customer's requests."""
    value = f"{hostname}host={host} path=/x method=GET site_domain={site} site_path=/s".encode()
    if site:
        (line,) = lines_of(value, "alamoweblogs")
        assert line.origin.key == SiteKey(site.rstrip("."))
    else:
        assert reasons_of(value, "alamoweblogs") == {"no_hostname": 1}


@pytest.mark.parametrize("site", ["WWW.Example.com", "www.example.com.", "www.example.com:8080"])
def test_every_spelling_of_a_site_is_the_same_site(site: str) -> None:
    value = f"hostname=shop-wk.x method=GET site_domain={site} site_path=/s".encode()
    of_app, of_site = lines_of(value, "alamoweblogs")
    assert of_site.origin.key == SiteKey("www.example.com")
    assert of_site.text == "method=GET host=www.example.com path=/s"
    assert of_app.text == "method=GET host=shop-wk path="


@pytest.mark.parametrize(
    ("topic", "value", "reason"),
    [
        ("alamoweblogs", b"method=GET path=/p", "no_hostname"),
        ("alamoweblogs", b"hostname=- path=/p", "no_app_in_hostname"),
        ("alamoweblogs", b"hostname=- site_domain=:80", "no_app_in_hostname"),
        ("alamobuildlogs", b'{"message": "x"}', "no_metadata"),
        ("alamobuildlogs", b'{"message": "x", "metadata": 7}', "no_metadata"),
        ("alamobuildlogs", b'{"message": "x", "metadata": "-wk"}', "no_app_in_metadata"),
        ("istio-access-logs", b'{"path": "/"}', "no_app"),
        ("istio-access-logs", b'{"app": "shop"}', "no_space"),
        (
            "istio-access-logs",
            b'{"upstream_cluster": "PassthroughCluster"}',
            "no_app_in_upstream_cluster",
        ),
        (
            "istio-access-logs",
            b'{"common_properties": {"upstream_cluster": "outbound|443||api.example.com"}}',
            "no_app_in_upstream_cluster",
        ),
    ],
)
def test_what_gives_no_line_is_counted_by_a_reason_that_names_the_field(
    topic: str, value: bytes, reason: str
) -> None:
    assert reasons_of(value, topic) == {reason: 1}


@pytest.mark.parametrize(
    ("topic", "fields", "text"),
    [
        ("istio-access-logs", {"app": "shop--worker", "space": "wk"}, "host=shop--worker-wk path="),
        (
            "istio-access-logs",
            {"common_properties": {"upstream_cluster": "outbound|80||shop--worker.wk.svc"}},
            "dyno=shop--worker-wk host=shop--worker-wk path=",
        ),
        ("alamobuildlogs", {"metadata": "shop--worker-wk", "message": "x"}, "x"),
    ],
)
def test_lines_of_a_process_type_are_its_apps(
    topic: str, fields: dict[str, Any], text: str
) -> None:
    (line,) = lines_of(fields, topic)
    assert (line.origin.key, line.origin.name) == (AppKey("shop", "wk"), "shop-wk")
    assert line.text.endswith(text)


def test_istios_own_names_say_the_same() -> None:
    entry = {
        "upstream_cluster": "outbound|80||shop--web.wk.svc.cluster.local;",
        "authority": "www.example.com",
        "requested_server_name": "www.example.com",
        "bytes_sent": 12,
        "response_code": 200,
        "duration": 3,
        "upstream_service_time": "-",
        "x_forwarded_for": "10.0.0.1",
        "request_id": None,
        "method": "GET",
        "path": "/p",
    }
    assert texts_of(entry, "istio-access-logs") == [
        "bytes=12 method=GET request_id= fwd=10.0.0.1 origin=https://www.example.com/p status=200"
        " service= total=3ms source= dyno=shop--web-wk host=shop--web-wk path=/p"
    ]
    assert texts_of({**entry, "requested_server_name": "-", "bytes_sent": "-"}, "istio-access-logs")
    (plain,) = texts_of({**entry, "authority": "-"}, "istio-access-logs")
    assert " origin= " in plain


def test_envoys_entries_may_be_in_camel_case_or_as_structs() -> None:
    camel = {
        "commonProperties": {
            "upstreamCluster": "outbound|80||shop.wk.svc.cluster.local",
            "tlsProperties": {"tlsVersion": 4, "tlsSniHostname": "www.example.com"},
            "responseFlags": {"downstreamConnectionTermination": True},
            "timeToLastUpstreamTxByte": "0.0015s",
            "timeToLastUpstreamRxByte": {"nanos": 2500000},
            "timeToLastDownstreamTxByte": {"seconds": "1", "nanos": 0},
        },
        "protocolVersion": 3,
        "request": {"requestMethod": 2, "originalPath": "/o", "requestHeadersBytes": {"value": 7}},
        "response": {"responseCode": {"value": 0}, "responseBodyBytes": "5"},
    }
    assert texts_of(camel, "istio-access-logs") == [
        "bytes=12 request_size=7 response_size=5 method=HEAD request_id= fwd= authority="
        " origin=https://www.example.com/o protocol=http2 tls=TLSv1_3 status=499"
        " connect=1.50ms service=2.50ms total=1000.00ms dyno=shop-wk host=shop-wk path="
    ]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("a\x1b[8mha:////x\x1b[0mb\x1b[8my\x1b[0mc\n", "abc"),
        ("\x1b[8mha:////x\x1b[0mPhase: Creating -- x", "Creating Dyno"),
        ("a\x1b[8mno end", "a\x1b[8mno end"),
        ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
        (["line 1", "line 2"], '["line 1","line 2"]'),
        (7, "7"),
        (None, ""),
    ],
)
def test_what_a_build_says(message: object, text: str) -> None:
    assert texts_of({"message": message, "metadata": "shop-wk"}, "alamobuildlogs") == [text]


@pytest.mark.parametrize(
    "value",
    [
        b'a="x ' * 100_000,
        b'a="\\" ' * 100_000,
        b"a=1," + b" 2," * 100_000,
        b"a=1," + b" " * 500_000 + b"b=2",
        b"hostname=a" + b"--b" * 100_000 + b"-",
        b'a="' + b"\\" * 500_000,
    ],
    ids=["open", "escaped", "commas", "blanks", "types", "backslashes"],
)
def test_no_router_line_takes_long(value: bytes) -> None:
    decoder = Decoder()
    began = time.process_time()
    for _ in range(3):  # what is seen twice could have a layout
        assert decoder.lines_of(records_of([value], "alamoweblogs")) == []
    assert time.process_time() - began < 3

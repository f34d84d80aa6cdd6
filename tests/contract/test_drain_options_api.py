"""What a drain has beside its URL (docs/drains.md)."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest
from cryptography.fernet import Fernet

from drains import option_values as options
from drains.models import Drain
from drains.options.pem import ends_at
from drains.selectors import route_mark
from events.keys import AppKey
from tests.contract.conftest import Api
from tests.support.certificates import Authority
from tests.support.migrating import drains_of, migrate, upgrade
from tests.support.routes import load_route_table

APP = "/apps/gold-gs/log-drains"
URLS = {
    "tcp": "syslog://logs.example.com:514",
    "tls": "syslog+tls://logs.example.com:6514",
    "udp": "syslog+udp://logs.example.com:514",
    "http": "http://logs.example.com/in",
    "https": "https://logs.example.com/in",
    "login": "https://user:hunter2@logs.example.com/in",
}
AUTHORITY = Authority()
CLIENT, OTHER = AUTHORITY.client(), AUTHORITY.client()
PAIR = {"certificate": CLIENT.chain, "key": CLIENT.key}
EXPIRED, EARLY = AUTHORITY.expired("client.example"), AUTHORITY.not_yet_valid("client.example")
NO_FILTER: dict[str, Any] = {
    "sources": [],
    "processes": [],
    "streams": [],
    "include": None,
    "exclude": None,
}
DEFAULTS: dict[str, Any] = {
    "name": "",
    "framing": "newline",
    "format": "rfc5424",
    "on_lag": "replay",
    "max_lag_seconds": 86400,
    "connections": None,
    "max_record_bytes": 99_990,
    "filter": NO_FILTER,
    "headers": {},
    "tls": None,
}
FULL_FILTER = {
    "sources": ["app", "router"],
    "processes": ["web", "worker"],
    "streams": ["stderr"],
    "include": "a+",
    "exclude": "health",
}

GOOD: list[tuple[str, str, Any]] = [
    ("tcp", "name", "papertrail"),
    ("tcp", "framing", "octet"),
    ("https", "framing", "octet"),
    ("udp", "format", "logplex"),
    ("tcp", "on_lag", "skip"),
    ("tcp", "max_lag_seconds", 1),
    ("tcp", "max_lag_seconds", 30 * 86400),
    ("tcp", "connections", 40),
    ("tcp", "max_record_bytes", 480),
    ("udp", "max_record_bytes", 99_990),
    ("tcp", "filter", FULL_FILTER),
    ("tcp", "filter", {**NO_FILTER, "include": "a"}),
    ("http", "headers", {"X-Key": "s3cret", "X-Empty": ""}),
    ("https", "headers", {"Authorization": "Bearer s3cret"}),
]
"""URL, field, value: shown as given."""


def each_wrong(url: str, field: str, *values: Any) -> list[tuple[str, str, Any, str]]:
    return [(url, field, value, field) for value in values]


WRONG: list[tuple[str, str, Any, str]] = [
    *each_wrong("tcp", "framing", "", "crlf", "Octet", 1, True, [], {}),
    *each_wrong("tcp", "format", "", "json", 5424, ["rfc5424"]),
    *each_wrong("tcp", "on_lag", "", "drop", 0, False),
    *each_wrong("tcp", "max_lag_seconds", 0, -1, 30 * 86400 + 1, 10**30, 1.5, 60.0, "60", True, []),
    *each_wrong("tcp", "connections", 0, 41, 1.0, "1", True),
    *each_wrong("tcp", "max_record_bytes", 0, 479, 99_991, 480.0, "480", True, []),
    *each_wrong("tcp", "filter", [], "", "a", 1, True),
    *each_wrong("tcp", "headers", [], "", 1, {"X-A": "1"}),
    *each_wrong("https", "headers", {"a b": ""}, {"": ""}, [["a", "b"]]),
    *each_wrong("tls", "tls", [], "", 1, AUTHORITY.pem),
    ("tcp", "filter", {"apps": []}, "filter.apps"),
    ("tcp", "filter", {"sources": "app"}, "filter.sources"),
    ("tcp", "filter", {"sources": ["apps"]}, "filter.sources"),
    ("tcp", "filter", {"sources": [1]}, "filter.sources"),
    ("tcp", "filter", {"streams": ["stdin"]}, "filter.streams"),
    ("tcp", "filter", {"streams": {}}, "filter.streams"),
    ("tcp", "filter", {"processes": "web"}, "filter.processes"),
    ("tcp", "filter", {"processes": [""]}, "filter.processes"),
    ("tcp", "filter", {"processes": ["a b"]}, "filter.processes"),
    ("tcp", "filter", {"processes": ["a,b"]}, "filter.processes"),
    ("tcp", "filter", {"processes": ["a" * 64]}, "filter.processes"),
    ("tcp", "filter", {"processes": [str(n) for n in range(51)]}, "filter.processes"),
    ("tcp", "filter", {"processes": [None]}, "filter.processes"),
    ("tcp", "filter", {"include": "(a"}, "filter.include"),
    ("tcp", "filter", {"include": "(a|b)*a(a|b){230}[c0]"}, "filter.include"),
    ("tcp", "filter", {"include": 1}, "filter.include"),
    ("tcp", "filter", {"include": "a\0"}, "filter.include"),
    ("tcp", "filter", {"exclude": "a" * 1001}, "filter.exclude"),
    ("tcp", "filter", {"exclude": ["a"]}, "filter.exclude"),
    ("https", "headers", {"Host": "h"}, "headers.Host"),
    ("https", "headers", {"Logplex-Frame-Id": "h"}, "headers.Logplex-Frame-Id"),
    ("https", "headers", {"X-A": 1}, "headers.X-A"),
    ("https", "headers", {"X-A": None}, "headers.X-A"),
    ("https", "headers", {"X-A": "s3cret\r\nX-B: 1"}, "headers.X-A"),
    ("login", "headers", {"Authorization": "s3cret"}, "headers.Authorization"),
    ("tls", "tls", {"cert": ""}, "tls.cert"),
    ("tls", "tls", {"ca": 1}, "tls.ca"),
    ("tls", "tls", {"key": {}}, "tls.key"),
    ("tls", "tls", {"certificate": 0}, "tls.certificate"),
    ("tls", "tls", {"ca": "nonsense"}, "tls.ca"),
    ("tls", "tls", {"certificate": CLIENT.chain}, "tls.key"),
    ("tls", "tls", {"key": CLIENT.key}, "tls.certificate"),
    ("tls", "tls", {"certificate": CLIENT.chain, "key": OTHER.key}, "tls.key"),
    ("tls", "tls", {"certificate": CLIENT.chain + CLIENT.key}, "tls.certificate"),
    ("tls", "tls", {"certificate": CLIENT.chain, "key": "s3cret"}, "tls.key"),
    ("tls", "tls", {"certificate": EXPIRED.chain, "key": EXPIRED.key}, "tls.certificate"),
    ("tls", "tls", {"certificate": EARLY.chain, "key": EARLY.key}, "tls.certificate"),
    ("tls", "tls", {"ca": EXPIRED.chain}, "tls.ca"),
    ("udp", "framing", "octet", "framing"),
    ("tcp", "tls", {"ca": AUTHORITY.pem}, "tls"),
    ("http", "tls", {"ca": AUTHORITY.pem}, "tls"),
]
"""URL, field, value, the field that the answer names."""


def add(api: Api, url: str, **fields: Any) -> dict[str, Any]:
    answer = api.post(APP, {"url": URLS[url], **fields})
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def options_of(drain: dict[str, Any]) -> dict[str, Any]:
    return {name: drain[name] for name in DEFAULTS}


def refused(answer: Any) -> str:
    """The field that a 422 names. Nothing that is secret is in it."""
    assert answer.status_code == 422, answer.content
    for secret in ("s3cret", "hunter2", "PRIVATE KEY"):
        assert secret not in answer.content.decode()
    (error,) = answer.json()["errors"]
    assert error["detail"]
    return str(error["field"])


def test_a_new_drain_has_the_defaults(api: Api) -> None:
    made = add(api, "tcp")

    assert options_of(made) == DEFAULTS
    first_five = ["addon", "created_at", "id", "token", "updated_at", "url"]
    assert list(made)[: 6 + len(DEFAULTS)] == [*first_five, *DEFAULTS]


@pytest.mark.parametrize(("url", "field", "value"), GOOD)
def test_an_option_is_given_shown_and_taken_back(
    url: str, field: str, value: Any, api: Api
) -> None:
    made = add(api, url, **{field: value})
    one = f"{APP}/{made['id']}"

    assert options_of(made) == {**DEFAULTS, field: value}
    assert api.get(one).json() == made
    assert api.get(APP).json() == [made]
    assert options_of(api.patch(one, {field: None}).json()) == DEFAULTS
    assert options_of(api.patch(one, {field: value}).json()) == options_of(made)
    assert options_of(api.delete(one).json()) == options_of(made)


@pytest.mark.parametrize("field", DEFAULTS)
def test_null_in_a_post_is_the_default(field: str, api: Api) -> None:
    assert options_of(add(api, "https", **{field: None})) == DEFAULTS


@pytest.mark.parametrize(("url", "field", "value", "named"), WRONG)
def test_a_wrong_option_is_422_and_changes_nothing(
    url: str, field: str, value: Any, named: str, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made = add(api, url)
    before = route_mark()

    assert refused(api.patch(f"{APP}/{made['id']}", {"name": "new", field: value})) == named
    other = {"url": URLS[url].replace("logs.", "other."), field: value}
    assert refused(api.post(APP, other)) == named

    assert api.get(APP).json() == [made]
    assert route_mark() == before
    assert "s3cret" not in caplog.text


def test_all_wrong_options_are_told_at_once(api: Api) -> None:
    wrong = {"framing": 1, "connections": 0, "filter": {"include": "("}}

    answer = api.post(APP, {"url": URLS["tcp"], **wrong})

    assert answer.status_code == 422
    fields = [error["field"] for error in answer.json()["errors"]]
    assert sorted(fields) == ["connections", "filter.include", "framing"]


def test_a_worker_gets_what_is_given(api: Api) -> None:
    add(api, "tls", framing="octet", filter=FULL_FILTER, tls=PAIR, on_lag="skip")

    (route,) = load_route_table().by_key[AppKey("gold", "gs")]

    assert (route.options.framing, route.options.on_lag) == ("octet", "skip")
    assert route.options.filter.processes == {"web", "worker"}
    assert "PRIVATE KEY" in route.options.tls.key


def test_lists_come_sorted_and_once(api: Api) -> None:
    made = add(api, "tcp", filter={"sources": ["router", "app", "router"], "include": ""})

    assert made["filter"] == {**NO_FILTER, "sources": ["app", "router"]}


@pytest.mark.parametrize(
    ("field", "first", "second", "kept"),
    [
        ("filter", {"include": "a"}, {"exclude": "b"}, {**NO_FILTER, "exclude": "b"}),
        ("headers", {"X-A": "1"}, {"X-B": "2"}, {"X-B": "2"}),
        ("headers", {"X-A": "1"}, {}, {}),
        ("filter", {"include": "a"}, {}, NO_FILTER),
    ],
)
def test_filter_and_headers_are_replaced_as_a_whole(
    field: str, first: Any, second: Any, kept: Any, api: Api
) -> None:
    made = add(api, "https", **{field: first})

    assert api.patch(f"{APP}/{made['id']}", {field: second}).json()[field] == kept


def test_a_key_is_never_answered(api: Api) -> None:
    made = add(api, "tls", tls={"ca": AUTHORITY.pem, **PAIR})
    one = f"{APP}/{made['id']}"

    assert made["tls"] == {"ca": AUTHORITY.pem, "certificate": CLIENT.chain}
    for answer in (
        api.get(one),
        api.get(APP),
        api.patch(one, {"tls": PAIR}),
        api.post(f"{one}/pause"),
        api.delete(one),
    ):
        assert answer.status_code == 200
        assert "PRIVATE KEY" not in answer.content.decode()


def test_tls_is_changed_member_by_member(api: Api) -> None:
    one = f"{APP}/{add(api, 'https', tls=PAIR)['id']}"

    def patched(**tls: Any) -> Any:
        return api.patch(one, {"tls": tls}).json()["tls"]

    assert patched(ca=AUTHORITY.pem) == {"ca": AUTHORITY.pem, "certificate": CLIENT.chain}
    assert Drain.objects.get().options.tls.key
    assert patched() == {"ca": AUTHORITY.pem, "certificate": CLIENT.chain}
    assert refused(api.patch(one, {"tls": {"certificate": OTHER.chain}})) == "tls.key"
    assert refused(api.patch(one, {"tls": {"key": None}})) == "tls.key"
    assert patched(certificate=None, key="") == {"ca": AUTHORITY.pem, "certificate": None}
    assert not Drain.objects.get().options.tls.key
    assert patched(ca="") is None


def test_the_day_is_told_of_a_certificate_that_is_out_of_date(api: Api) -> None:
    def told(**tls: str) -> str:
        answer = api.post(APP, {"url": URLS["tls"], "tls": tls})
        assert answer.status_code == 422
        return str(answer.json()["errors"])

    expired = {"certificate": EXPIRED.chain, "key": EXPIRED.key}
    day = f"{ends_at(EXPIRED.chain):%Y-%m-%d %H:%M} UTC"
    assert f"has expired: it was good until {day}" in told(**expired)
    assert "is not yet good: it will be from 2" in told(certificate=EARLY.chain, key=EARLY.key)
    assert f"have all expired: the last of them was good until {day}" in told(ca=EXPIRED.chain * 2)
    known = {"ca": EXPIRED.chain + AUTHORITY.pem}  # as the bundles of systems are
    assert api.post(APP, {"url": URLS["tls"], "tls": known}).status_code == 201


def test_one_that_has_expired_since_keeps_no_other_option_from_being_changed(api: Api) -> None:
    made = add(api, "https", tls=PAIR)
    drain = Drain.objects.get()
    old = replace(drain.options.tls, certificate=EXPIRED.chain, key=EXPIRED.key)
    drain.set_options(replace(drain.options, tls=old))
    drain.save()
    one = f"{APP}/{made['id']}"

    assert api.patch(one, {"connections": 2}).status_code == 200
    assert api.patch(one, {"tls": {"ca": AUTHORITY.pem}}).status_code == 200
    assert api.patch(one, api.get(one).json()).status_code == 200, "as it was given"
    whole = {"ca": None, "certificate": EXPIRED.chain, "key": EXPIRED.key}
    assert api.patch(one, {"tls": whole, "name": "by who sends all"}).status_code == 200
    assert refused(api.patch(one, {"tls": {"ca": EXPIRED.chain}})) == "tls.ca"


@pytest.mark.parametrize(
    ("first", "options", "second", "field", "cleared"),
    [
        ("https", {"headers": {"X-A": "s3cret"}}, "tls", "headers", {"headers": None}),
        ("https", {"tls": PAIR}, "http", "tls", {"tls": None}),
        ("tls", {"tls": PAIR}, "tcp", "tls", {"tls": {"certificate": "", "key": ""}}),
        ("tcp", {"framing": "octet"}, "udp", "framing", {"framing": "newline"}),
        (
            "https",
            {"headers": {"Authorization": "s3cret"}},
            "login",
            "headers.Authorization",
            {"headers": {}},
        ),
    ],
)
def test_a_new_url_has_to_fit_what_stays(
    first: str, options: dict[str, Any], second: str, field: str, cleared: Any, api: Api
) -> None:
    made = add(api, first, **options)
    one = f"{APP}/{made['id']}"

    assert refused(api.patch(one, {"url": URLS[second]})) == field
    assert api.get(one).json() == made
    changed = api.patch(one, {"url": URLS[second], **cleared}).json()
    assert (changed["url"], options_of(changed)) == (URLS[second], DEFAULTS)


def test_a_slow_pattern_that_is_stored_stays(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = {"include": "(a|b)*a(a|b){230}[c0]"}
    with monkeypatch.context() as before:
        before.setattr("drains.options.rules.why_too_slow", lambda _: "")
        made = add(api, "tcp", filter=slow)
    one = f"{APP}/{made['id']}"

    assert api.patch(one, {**made, "name": "other"}).json()["filter"] == made["filter"]
    assert refused(api.patch(one, {"filter": {"exclude": "(b|a)*b(a|b){75}c"}})) == "filter.exclude"
    assert api.get(one).json()["filter"] == made["filter"]


def test_the_most_connections_are_a_setting(api: Api, settings: Any) -> None:
    settings.MAX_SYSLOG_CONNECTIONS = 2

    assert add(api, "tcp", connections=2)["connections"] == 2
    assert refused(api.post(APP, {"url": URLS["udp"], "connections": 3})) == "connections"


def test_options_that_nobody_can_decrypt_hide_no_drain(api: Api, settings: Any) -> None:
    lost = add(api, "https", headers={"X-A": "s3cret"}, tls=PAIR, connections=2)
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    one = f"{APP}/{lost['id']}"

    assert options_of(api.get(one).json()) == {**DEFAULTS, "connections": 2}
    assert refused(api.patch(one, {"url": URLS["tls"]})) == "headers"
    again = {"url": URLS["https"], "headers": {"X-A": "s3cret"}, "tls": None}
    assert options_of(api.patch(one, again).json()) == {**options_of(lost), "tls": None}


@pytest.mark.django_db(transaction=True)
def test_the_migration_keeps_drains_and_can_be_taken_back() -> None:
    before = "0001_initial"
    with drains_of(before) as old:
        old.objects.create(app="gold", space="gs", url=URLS["tcp"], url_digest="x", address="x")
        upgrade()
        assert Drain.objects.get().plain_url == URLS["tcp"]
        (route,) = load_route_table().by_key[AppKey("gold", "gs")]
        assert route.options == options.DEFAULTS
        migrate(before)
        assert old.objects.count() == 1

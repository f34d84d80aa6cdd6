"""A drain's options in the admin, as an operator sets them."""

from __future__ import annotations

import re
from typing import Any

import pytest
import trustme
from django.test import Client

from drains import services
from drains.filters import LineFilter
from drains.models import Drain
from drains.option_values import DEFAULTS, DrainOptions
from events.keys import AppKey
from tests.support.certificates import Authority

LIST = "/admin/drains/drain/"
GOLD = AppKey("gold", "gs")
AUTHORITY = Authority()
CLIENT, OTHER = AUTHORITY.client(), AUTHORITY.client()
EXPIRED = AUTHORITY.expired("client.example")
TLS = {"ca": AUTHORITY.pem, "certificate": CLIENT.chain, "key": CLIENT.key}
# What a browser sends of a form that nobody has touched.
UNTOUCHED = {
    "cursors-TOTAL_FORMS": 0,
    "cursors-INITIAL_FORMS": 0,
    "framing": "newline",
    "format": "rfc5424",
    "connections": "",
    "max_record_bytes": 99990,
    "on_lag": "replay",
    "max_lag_seconds": 86400,
}


def add(operator: Client, url: str, **fields: Any) -> Any:
    form = {"owner": "gold-gs", "new_url": url, "name": "", **UNTOUCHED, **fields}
    return operator.post(f"{LIST}add/", form)


def change(operator: Client, drain: Drain, **fields: Any) -> Any:
    return operator.post(page_of(drain), {"new_url": "", "name": "", **UNTOUCHED, **fields})


def page_of(drain: Drain) -> str:
    return f"{LIST}{drain.pk}/change/"


def options() -> DrainOptions:
    return Drain.objects.get().options


def errors_of(answer: Any) -> dict[str, str]:
    """What is said beside which field."""
    assert answer.status_code == 200
    errors = answer.context["adminform"].form.errors
    return {name: " ".join(said) for name, said in errors.items()}


def test_a_form_that_nobody_touches_gives_the_defaults(operator: Client) -> None:
    page = operator.get(f"{LIST}add/").content.decode()

    assert add(operator, "syslog://h:514").status_code == 302
    assert options() == DEFAULTS
    for title in ("Delivery", "When behind", "Filter", "HTTP headers", "TLS"):
        assert title in page


def test_every_option_can_be_given(operator: Client) -> None:
    answer = add(
        operator,
        "https://h.example/in",
        framing="octet",
        format="logplex",
        connections="4",
        max_record_bytes="2048",
        on_lag="skip",
        max_lag_seconds="60",
        filter_sources=["app", "build"],
        filter_processes=" web,worker, ",
        filter_streams=["stderr"],
        filter_include=" a+",
        filter_exclude="b",
        new_headers="X-A: 1\r\n\r\nX-B:2:3 \r\n",
        tls_ca=AUTHORITY.pem,
        tls_certificate=CLIENT.chain,
        tls_key=CLIENT.key,
    )

    assert answer.status_code == 302
    given = options()
    assert (given.framing, given.format, given.connections) == ("octet", "logplex", 4)
    assert given.max_record_bytes == 2048
    assert (given.on_lag, given.max_lag_seconds) == ("skip", 60)
    assert given.filter == LineFilter(
        frozenset({"app", "build"}),
        frozenset({"web", "worker"}),
        frozenset({"stderr"}),
        " a+",
        "b",
    )
    assert given.headers == (("X-A", "1"), ("X-B", "2:3"))
    assert (given.tls.ca, given.tls.certificate) == (AUTHORITY.pem, CLIENT.chain)
    assert given.tls.key


def test_what_is_secret_is_not_in_the_page(operator: Client) -> None:
    drain = services.create_drain(GOLD, "https://h/", headers={"X-Key": "s3cret"}, tls=TLS)

    page = operator.get(page_of(drain)).content.decode()

    assert "Set: X-Key. Leave empty to keep." in page
    assert "CN=client.example" in page
    assert "s3cret" not in page
    assert "PRIVATE KEY" not in page


def test_what_is_set_stays_until_it_is_changed_or_removed(operator: Client) -> None:
    drain = services.create_drain(GOLD, "https://h/", headers={"X-Key": "s3cret"}, tls=TLS)
    before = options()

    change(operator, drain, name="kept")
    assert options() == before
    change(operator, drain, new_headers="X-New: 1")
    assert options().headers == (("X-New", "1"),)
    change(operator, drain, clear_headers="on")
    assert options().headers == ()
    change(operator, drain, clear_tls_ca="on")
    assert (options().tls.ca, options().tls.key) == ("", before.tls.key)
    change(operator, drain, tls_certificate=OTHER.chain, tls_key=OTHER.key)
    assert options().tls.certificate == OTHER.chain
    change(operator, drain, clear_tls_certificate="on")
    assert options() == DEFAULTS


def test_a_filter_is_shown_and_changed(operator: Client) -> None:
    wanted = {"sources": ["app"], "processes": ["web", "clock"], "include": "a<b"}
    drain = services.create_drain(GOLD, "syslog://h:514", filter=wanted)

    page = operator.get(page_of(drain)).content.decode()

    assert re.search(r'value="app"[^>]*checked', page)
    assert 'value="clock, web"' in page
    assert 'value="a&lt;b"' in page
    change(operator, drain, filter_sources=["app"], filter_processes="web")
    assert options().filter == LineFilter(frozenset({"app"}), frozenset({"web"}))


def test_only_what_an_operator_changes_is_written(operator: Client) -> None:
    drain = services.create_drain(GOLD, "syslog://h:514", connections=2)
    form = operator.get(page_of(drain)).context["adminform"].form
    assert form.initial["connections"] == 2

    change(operator, drain, connections=2, on_lag="skip")

    assert (options().connections, options().on_lag) == (2, "skip")


def test_what_is_emptied_is_the_default_again(operator: Client) -> None:
    drain = services.create_drain(GOLD, "syslog://h:514", connections=2, max_lag_seconds=60)

    change(operator, drain, connections="", max_lag_seconds="")

    assert options() == DEFAULTS


@pytest.mark.parametrize(
    ("url", "wrong", "field", "said"),
    [
        ("syslog+udp://h:514", {"framing": "octet"}, "framing", "must be newline"),
        ("syslog://h:514", {"framing": "crlf"}, "framing", "Select a valid choice"),
        ("syslog://h:514", {"connections": "0"}, "connections", "from 1 to 40"),
        ("syslog://h:514", {"connections": "x"}, "connections", "whole number"),
        ("syslog://h:514", {"max_record_bytes": "479"}, "max_record_bytes", "from 480 to 99990"),
        ("syslog://h:514", {"max_lag_seconds": "2592001"}, "max_lag_seconds", "to 2592000"),
        ("syslog://h:514", {"filter_sources": ["x"]}, "filter_sources", "Select a valid choice"),
        ("syslog://h:514", {"filter_processes": "a b"}, "filter_processes", "no space"),
        ("syslog://h:514", {"filter_include": "(a"}, "filter_include", "missing )"),
        ("syslog://h:514", {"new_headers": "X-A: 1"}, "new_headers", "only http and https"),
        ("https://h/", {"new_headers": "X-A"}, "new_headers", "line 1 is not of the form"),
        ("https://h/", {"new_headers": "X-A: 1\nX-A: 2"}, "new_headers", "line 2"),
        ("https://h/", {"new_headers": "Host: h"}, "new_headers", "Host: is set by"),
        ("https://u:p@h/", {"new_headers": "Authorization: x"}, "new_headers", "has a user"),
        ("syslog://h:514", {"tls_ca": AUTHORITY.pem}, "tls_ca", "only syslog+tls and https"),
        ("https://h/", {"tls_ca": "s3cret"}, "tls_ca", "is not PEM text"),
        ("https://h/", {"tls_certificate": CLIENT.chain}, "tls_key", "is missing"),
        ("https://h/", {"tls_key": CLIENT.key}, "tls_certificate", "is missing"),
        ("https://h/", {"tls_key": CLIENT.chain}, "tls_key", "one private key"),
        (
            "https://h/",
            {"tls_certificate": EXPIRED.chain, "tls_key": EXPIRED.key},
            "tls_certificate",
            "has expired: it was good until 2",
        ),
        ("https://h/", {"tls_ca": EXPIRED.chain}, "tls_ca", "has expired: it was good until 2"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    url: str, wrong: dict[str, Any], field: str, said: str, operator: Client
) -> None:
    assert said in errors_of(add(operator, url, **wrong))[field]
    assert not Drain.objects.exists()


def test_all_that_is_wrong_is_said_at_once(operator: Client) -> None:
    answer = add(operator, "https://h/", connections="0", filter_include="(a", tls_ca="nonsense")

    assert errors_of(answer).keys() == {"connections", "filter_include", "tls_ca"}


def test_a_new_url_has_to_fit_what_is_set(operator: Client) -> None:
    drain = services.create_drain(GOLD, "https://h/", headers={"X-Key": "s3cret"})

    answer = change(operator, drain, new_url="syslog://h:514")
    assert errors_of(answer).keys() == {"new_headers"}
    answer = change(operator, drain, new_url="syslog://h:514", clear_headers="on")

    assert answer.status_code == 302
    assert Drain.objects.get().plain_url == "syslog://h:514"


def test_what_cannot_be_used_any_more_is_said_beside_its_fields(operator: Client) -> None:
    drain = services.create_drain(GOLD, "syslog://h:514")
    Drain.objects.update(stored_options='{"filter": {"sources": ["nobody"]}}')

    answer = change(operator, drain, on_lag="skip")

    assert "give it again" in errors_of(answer)["filter_sources"]
    assert change(operator, drain, on_lag="skip", filter_include="a").status_code == 302
    assert options().filter == LineFilter(include="a")


def test_a_secret_does_not_come_back_when_something_is_wrong(operator: Client) -> None:
    answer = add(
        operator,
        "https://h/",
        connections="0",
        new_headers="X-Key: s3cret",
        tls_certificate=CLIENT.chain,
        tls_key=CLIENT.key,
    )

    page = answer.content.decode()
    assert "s3cret" not in page
    assert "PRIVATE KEY" not in page
    assert "Once more" in errors_of(answer)["new_headers"]
    assert "Once more" in errors_of(answer)["tls_key"]


def test_a_certificates_name_is_only_text(operator: Client) -> None:
    odd = trustme.CA().issue_cert("h.example", common_name="<script>alert(1)</script>")
    chain = odd.cert_chain_pems[0].bytes().decode()
    drain = services.create_drain(GOLD, "https://h/", tls={"ca": chain})

    page = operator.get(page_of(drain)).content.decode()

    assert "<script>alert" not in page
    assert "script\\&gt;alert" in page


def test_history_names_fields_and_no_values(operator: Client) -> None:
    drain = services.create_drain(GOLD, "https://h/")
    change(operator, drain, new_headers="X-Key: s3cret", filter_include="t0p")

    page = operator.get(f"{LIST}{drain.pk}/history/").content.decode()

    assert "Headers" in page
    assert "s3cret" not in page
    assert "t0p" not in page

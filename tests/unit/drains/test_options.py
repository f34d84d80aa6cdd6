"""What options may be, alone, together and with a URL; and what a row gives back of them."""

from __future__ import annotations

import json
import random
import re
from contextlib import suppress
from dataclasses import fields
from typing import Any, NoReturn

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from drains import services
from drains.destination import Destination
from drains.errors import DrainError, InvalidDrainError
from drains.fields import UndecryptableError
from drains.filters import LineFilter
from drains.models import Drain
from drains.option_values import DEFAULTS, DrainOptions, TlsOptions
from drains.options import pem
from drains.options.rules import checked, refuse_misfits, together
from drains.options.table import OPTIONS
from events.keys import AppKey
from tests.support.certificates import Authority
from tests.support.routes import load_route_table

GOLD = AppKey("gold", "gs")
AUTHORITY = Authority()
CLIENT, OTHER = AUTHORITY.client(), AUTHORITY.client()

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["sources", "include", "ca", "key", "X-A"]) | st.text(max_size=8),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


def made(**changes: object) -> DrainOptions:
    return together(checked(changes), lambda name: getattr(DEFAULTS, name))


def fault(**changes: object) -> tuple[str, str]:
    with pytest.raises(InvalidDrainError) as caught:
        made(**changes)
    return caught.value.field, str(caught.value)


def test_nothing_given_is_the_defaults() -> None:
    assert made() == DEFAULTS


@pytest.mark.parametrize("name", OPTIONS)
def test_null_stands_for_the_default(name: str) -> None:
    def never(_: str) -> NoReturn:
        raise AssertionError("what is replaced as a whole is not read")

    assert checked({name: None}).keys() == {name}
    assert together(checked(dict.fromkeys(OPTIONS)), never) == DEFAULTS


@given(st.sampled_from(list(OPTIONS)), json_values)
def test_whatever_json_is_given_is_taken_or_refused_by_field(name: str, value: Any) -> None:
    try:
        made(**{name: value})
        field = name
    except InvalidDrainError as error:
        field = error.field

    assert field == name or field.startswith(f"{name}.")


def test_a_filter_is_read_member_by_member() -> None:
    given = {
        "sources": ["router", "app", "app"],
        "processes": ["web"],
        "include": "a",
        "exclude": None,
    }

    assert made(filter=given).filter == LineFilter(
        frozenset({"app", "router"}), frozenset({"web"}), frozenset(), "a"
    )


def test_headers_keep_their_order_and_their_case() -> None:
    given = {"X-B": "1", "x-a": "a b\tc", "Empty": ""}

    assert made(headers=given).headers == tuple(given.items())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        *((name, "is set by the log shuttle itself") for name in ("Host", "content-type")),
        *((name, "is set by the log shuttle itself") for name in ("User-Agent", "LOGPLEX-X")),
        *((name, "is about a connection") for name in ("Connection", "TE", "transfer-encoding")),
    ],
)
def test_headers_that_are_not_the_owners(name: str, said: str) -> None:
    field, why = fault(headers={name: "x"})

    assert field == f"headers.{name}"
    assert said in why


@pytest.mark.parametrize("name", ["", "a b", "a:", "Auth: s3cret", "ä", "a\r\nb", "(a)"])
def test_what_is_no_headers_name_is_not_repeated(name: str) -> None:
    assert fault(headers={"X-A": "1", name: "s3cret"}) == (
        "headers",
        "name 2 has a character that no header's name has",
    )


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\0", " a", "a ", "é", "a\x7f", "\t"])
def test_a_headers_value_is_printable_ascii(value: str) -> None:
    field, why = fault(headers={"X-A": f"s3cret{value}" if value != " a" else value})

    assert field == "headers.X-A"
    assert "s3cret" not in why


def test_headers_have_limits() -> None:
    assert len(made(headers={f"X-{n}": "" for n in range(20)}).headers) == 20
    assert fault(headers={f"X-{n}": "" for n in range(21)})[1] == "there may be at most 20"
    assert made(headers={"X": "a" * 4095}).headers
    assert fault(headers={"X": "a" * 4096})[1] == "longer than 4096 bytes in all"
    assert "twice" in fault(headers={"X-A": "1", "x-a": "2"})[1]


@pytest.mark.parametrize(
    ("url", "changes", "field"),
    [
        ("syslog+udp://h:514", {"framing": "octet"}, "framing"),
        ("syslog://h:514", {"headers": {"X-A": "1"}}, "headers"),
        ("syslog+tls://h:6514", {"headers": {"X-A": "1"}}, "headers"),
        ("syslog://h:514", {"tls": {"ca": AUTHORITY.pem}}, "tls"),
        ("syslog+udp://h:514", {"tls": {"ca": AUTHORITY.pem}}, "tls"),
        ("http://h/", {"tls": {"ca": AUTHORITY.pem}}, "tls"),
        ("https://u:p@h/", {"headers": {"authorization": "x"}}, "headers.authorization"),
        ("https://u@h/", {"headers": {"Authorization": "x"}}, "headers.Authorization"),
    ],
)
def test_what_a_url_has_no_use_for(url: str, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidDrainError) as caught:
        refuse_misfits(made(**changes), Destination.parse(url))

    assert caught.value.field == field


@pytest.mark.parametrize(
    ("url", "changes"),
    [
        ("syslog://h:514", {"framing": "octet"}),
        ("http://h/", {"framing": "octet", "headers": {"X-A": "1"}}),
        ("https://h/", {"framing": "newline", "headers": {"Authorization": "x"}}),
        ("https://h/", {"tls": {"ca": AUTHORITY.pem}}),
        ("syslog+ssl://h:6514", {"tls": {"ca": AUTHORITY.pem}, "framing": "octet"}),
        ("syslog+udp://h:514", {"connections": 4, "format": "logplex"}),
        ("syslog://h:514", {"headers": {}, "tls": {"ca": "", "key": None}}),
    ],
)
def test_what_a_url_has_use_for(url: str, changes: dict[str, Any]) -> None:
    refuse_misfits(made(**changes), Destination.parse(url))


def test_a_certificate_and_its_key_come_together() -> None:
    pair = made(tls={"certificate": CLIENT.chain, "key": CLIENT.key}).tls
    assert pem.belong_together(pair.certificate, pair.key)

    assert fault(tls={"certificate": CLIENT.chain})[0] == "tls.key"
    assert fault(tls={"key": CLIENT.key})[0] == "tls.certificate"
    field, why = fault(tls={"certificate": CLIENT.chain, "key": OTHER.key})
    assert (field, why) == ("tls.key", "does not belong to the first certificate")


def test_members_of_tls_that_are_not_given_stay() -> None:
    stored = TlsOptions(AUTHORITY.pem, CLIENT.chain, CLIENT.key)

    def merged(**tls: str | None) -> TlsOptions:
        return together(
            checked({"tls": tls}),
            lambda name: stored if name == "tls" else getattr(DEFAULTS, name),
        ).tls

    assert merged() == stored
    assert merged(ca=None) == TlsOptions("", CLIENT.chain, CLIENT.key)
    assert merged(certificate="", key=None) == TlsOptions(AUTHORITY.pem)
    assert merged(certificate=OTHER.chain, key=OTHER.key).certificate == OTHER.chain
    with pytest.raises(InvalidDrainError):
        merged(certificate=None)


def damaged(text: str) -> str:
    lines = text.splitlines()
    lines[1] = lines[1][::-1]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "is not PEM text"),
        (CLIENT.chain[:200], "is cut off"),
        (damaged(CLIENT.chain), "certificate 1 of the PEM text cannot be read"),
        (AUTHORITY.pem + damaged(CLIENT.chain), "certificate 2 of the PEM text cannot be read"),
        (CLIENT.chain + CLIENT.key, "contains a private key"),
        ("-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----", "not a certificate"),
        ("x" * (pem.TEXT_CHARACTERS_MAX + 1), "longer than"),
    ],
)
@pytest.mark.parametrize("member", ["ca", "certificate"])
def test_what_is_no_certificate(member: str, text: str, said: str) -> None:
    field, why = fault(tls={member: text})

    assert field == f"tls.{member}"
    assert said in why


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "is not PEM text"),
        (CLIENT.chain, "one private key"),
        (CLIENT.key + OTHER.key, "one private key"),
        (damaged(CLIENT.key), "cannot be read as a private key"),
        (CLIENT.key.replace("EC PRIVATE", "ENCRYPTED PRIVATE"), "is encrypted"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
            "DEK-Info: AES-256-CBC,5DD6AE4D6A5A23D7B6E3B2E3B2E3B2E3\n\nAAAA\n"
            "-----END RSA PRIVATE KEY-----",
            "is encrypted",
        ),
    ],
)
def test_what_is_no_key(text: str, said: str) -> None:
    field, why = fault(tls={"key": text})

    assert field == "tls.key"
    assert said in why
    assert not re.search(r"[A-Za-z0-9+/]{24}", why)


def test_what_is_around_certificates_is_left_out() -> None:
    kept = made(tls={"ca": f"# Főtanúsítvány\r\n{AUTHORITY.pem}\nmore\n{AUTHORITY.pem}"}).tls.ca

    assert kept == AUTHORITY.pem * 2


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@given(st.binary(max_size=4), st.integers(0, 10_000))
def test_damaged_pem_text_is_refused_and_never_fails(noise: bytes, seed: int) -> None:
    chance = random.Random(seed)
    for read, text in ((pem.certificates, CLIENT.chain), (pem.private_key, CLIENT.key)):
        at = chance.randrange(len(text))
        broken = text[:at] + noise.decode("latin-1") + text[at + len(noise) :]
        with suppress(ValueError):
            assert read(broken)


@pytest.mark.django_db
def test_a_row_gives_back_what_it_got() -> None:
    tls = {"ca": AUTHORITY.pem, "certificate": CLIENT.chain, "key": CLIENT.key}
    changes: dict[str, Any] = {
        "framing": "octet",
        "format": "logplex",
        "on_lag": "skip",
        "max_lag_seconds": 60,
        "connections": 3,
        "filter": {"sources": ["app"], "streams": ["stderr"], "exclude": "health"},
        "headers": {"X-Key": "s3cret"},
        "tls": tls,
    }
    services.create_drain(GOLD, "https://h/", **changes)

    options = load_route_table().by_key[GOLD][0].options

    assert options == Drain.objects.get().options == made(**changes)
    assert options.tls.ca == AUTHORITY.pem
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM drains_drain")
        columns = str(cursor.fetchall())
    assert "s3cret" not in columns
    assert "PRIVATE KEY" not in columns
    assert "s3cret" not in repr(options)
    assert "PRIVATE KEY" not in repr(options)


def test_the_table_has_a_row_for_each_option() -> None:
    assert list(OPTIONS) == [field.name for field in fields(DrainOptions)]


@pytest.mark.django_db
def test_a_row_holds_no_more_than_what_was_chosen() -> None:
    drain = services.create_drain(GOLD, "https://h/", framing="newline", filter={}, headers={})
    assert drain.stored_options == ""

    services.change_drain(drain, connections=3)
    assert json.loads(drain.stored_options) == {"connections": 3}


@pytest.mark.django_db
def test_when_its_certificate_ends_is_a_column_that_follows_the_options() -> None:
    def stored() -> Any:
        return Drain.objects.get().certificate_ends_at

    tls = {"certificate": CLIENT.chain, "key": CLIENT.key}
    drain = services.create_drain(GOLD, "https://h/", tls=tls)
    assert stored() == pem.ends_at(CLIENT.chain)
    soon = AUTHORITY.good_for(3, "client.example")
    services.change_drain(drain, tls={"certificate": soon.chain, "key": soon.key})
    assert stored() == pem.ends_at(soon.chain) < pem.ends_at(CLIENT.chain)
    services.change_drain(drain, tls=None)
    assert stored() is None


@pytest.mark.django_db
def test_what_a_newer_version_has_stored_is_not_in_the_way_and_stays() -> None:
    drain = services.create_drain(GOLD, "syslog://h:514")
    Drain.objects.update(stored_options='{"later": {"a": [1]}, "on_lag": "skip"}')

    assert load_route_table().by_key[GOLD][0].options == made(on_lag="skip")
    services.change_drain(drain, on_lag=None)

    assert json.loads(Drain.objects.get().stored_options) == {"later": {"a": [1]}}
    assert Drain.objects.get().options == DEFAULTS


@pytest.mark.django_db
@pytest.mark.parametrize("stored", ["nonsense", "[]", '{"framing": "crlf"}', '{"headers": 1}'])
def test_a_row_that_makes_no_sense_keeps_no_other_drain(stored: str) -> None:
    drain = services.create_drain(GOLD, "https://h/")
    Drain.objects.update(stored_options=stored)
    services.create_drain(AppKey("bold", "gs"), "syslog://h:514")

    assert load_route_table().by_key[AppKey("bold", "gs")][0].takes_lines
    assert not load_route_table().by_key[GOLD][0].takes_lines
    assert Drain.objects.of(GOLD).get().shown_options == DEFAULTS
    cleared: dict[str, Any] = dict.fromkeys(OPTIONS)
    services.change_drain(drain, **cleared)
    assert load_route_table().by_key[GOLD][0].options == DEFAULTS


@pytest.mark.django_db
def test_a_lower_setting_limits_what_was_given_before(settings: Any) -> None:
    drain = services.create_drain(GOLD, "syslog://h:514", connections=8)
    settings.MAX_SYSLOG_CONNECTIONS = 2

    services.change_drain(drain, on_lag="skip")

    assert load_route_table().by_key[GOLD][0].connections == 2
    assert Drain.objects.get().options.connections == 8


@pytest.mark.django_db
def test_options_that_nobody_can_read_keep_no_other_drain(settings: Any) -> None:
    services.create_drain(GOLD, "https://h/", headers={"X-Key": "s3cret"})
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    lost = Drain.objects.get()
    services.create_drain(AppKey("bold", "gs"), "syslog://h:514")

    assert load_route_table().by_key[AppKey("bold", "gs")][0].takes_lines
    assert not load_route_table().by_key[GOLD][0].takes_lines
    with pytest.raises(UndecryptableError):
        _ = lost.options
    assert lost.shown_options == DEFAULTS


@pytest.mark.django_db
def test_what_nobody_can_read_has_to_be_given_again(settings: Any) -> None:
    drain = services.create_drain(GOLD, "https://h/", headers={"X-Key": "s3cret"})
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    services.change_drain(drain, name="lost")
    for field, changes in (
        ("headers", {"url": "https://other/"}),
        ("headers", {"framing": "octet"}),
        ("url", {"headers": None}),
    ):
        with pytest.raises(InvalidDrainError) as caught:
            services.change_drain(drain, **changes)
        assert caught.value.field == field
    services.change_drain(drain, url="https://other/", headers={"X-Key": "again"})

    assert Drain.objects.get().options.headers == (("X-Key", "again"),)


@pytest.mark.django_db
@pytest.mark.parametrize("stored", [{"include": "(a"}, {"sources": ["nobody"]}, []])
def test_a_filter_that_cannot_be_used_any_more_keeps_no_other_drain(stored: object) -> None:
    services.create_drain(GOLD, "syslog://h:514")
    Drain.objects.update(stored_options=json.dumps({"filter": stored}))
    services.create_drain(AppKey("bold", "gs"), "syslog://h:514")

    assert load_route_table().by_key[AppKey("bold", "gs")][0].takes_lines
    assert not load_route_table().by_key[GOLD][0].takes_lines
    services.change_drain(Drain.objects.of(GOLD).get(), filter=None)
    assert load_route_table().by_key[GOLD][0].options == DEFAULTS


@pytest.mark.django_db
def test_what_is_refused_changes_nothing() -> None:
    drain = services.create_drain(GOLD, "syslog://h:514", framing="octet")

    with pytest.raises(DrainError):
        services.change_drain(drain, on_lag="skip", connections=4, url="syslog+udp://h:514")

    assert Drain.objects.get().options == made(framing="octet")
    assert Drain.objects.get().plain_url == "syslog://h:514"

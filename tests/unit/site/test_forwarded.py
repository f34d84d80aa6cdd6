"""Which address is the client's, and how it came, in what front doors say."""

from __future__ import annotations

import pytest

from logshuttle_site.forwarded import HOPS_MAX, Said, said_in_forwarded, said_in_x_forwarded

FRONT, INNER = "10.0.0.1", "10.0.0.2"
TRUSTED = {FRONT, INNER}


def behind_x(value: str, **others: str) -> Said:
    headers = {b"x-forwarded-for": value}
    headers |= {f"x-forwarded-{name}".encode(): said for name, said in others.items()}
    return said_in_x_forwarded(headers, FRONT, TRUSTED)


def behind(value: str) -> Said:
    return said_in_forwarded({b"forwarded": value}, FRONT, TRUSTED)


@pytest.mark.parametrize(
    ("value", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("203.0.113.9, 192.0.2.7", "192.0.2.7"),  # the first is what the client has forged
        (f"{INNER},192.0.2.7", "192.0.2.7"),
        (f"192.0.2.7, {INNER}", "192.0.2.7"),
        (f"203.0.113.9, 192.0.2.7, {FRONT} ,{INNER}", "192.0.2.7"),
        (INNER, INNER),
        (f"{INNER}, {FRONT}", INNER),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:DB8::7]", "2001:db8::7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        (f"192.0.2.7, ::ffff:{INNER}", "192.0.2.7"),
        ("unknown", FRONT),
        ("192.0.2.7, unknown", FRONT),
        (f"192.0.2.7, _hidden, {INNER}", INNER),
        ("192.0.2.7,", FRONT),
        ("", FRONT),
        ("192.0.2.7.example", FRONT),
        ("192.0.2.7\n203.0.113.9", FRONT),
    ],
)
def test_the_right_most_address_that_is_not_trusted_is_the_clients(value: str, client: str) -> None:
    assert behind_x(value).address == client


def test_so_many_front_doors_are_looked_through() -> None:
    assert behind_x(", ".join(["192.0.2.7", *[INNER] * (HOPS_MAX + 1)])).address == INNER
    assert behind_x(", ".join(["192.0.2.7", *[INNER] * HOPS_MAX])).address == "192.0.2.7"


@pytest.mark.parametrize(
    ("said", "scheme"),
    [
        ("https", "https"),
        ("HTTPS", "https"),
        ("http, https", "https"),
        ("https,http", "http"),
        ("wss", "https"),
        ("ws", "http"),
        ("gopher", None),
        ("", None),
    ],
)
def test_of_several_schemes_the_last_counts(said: str, scheme: str | None) -> None:
    assert behind_x("192.0.2.7", proto=said).scheme == scheme


@pytest.mark.parametrize(("said", "host"), [("a", "a"), ("evil, b:1", "b:1"), ("", None)])
def test_of_several_hosts_the_last_counts(said: str, host: str | None) -> None:
    assert behind_x("192.0.2.7", host=said).host == host


def test_where_nothing_is_said_nothing_is_known() -> None:
    assert said_in_x_forwarded({}, FRONT, TRUSTED) == Said()
    assert said_in_forwarded({}, FRONT, TRUSTED) == Said()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("for=192.0.2.7;proto=https;host=h", Said("192.0.2.7", "https", "h")),
        ('For="[2001:db8::7]:4711" ; PROTO=HTTPS', Said("2001:db8::7", "https", None)),
        ("for=[2001:db8::7]", Said("2001:db8::7")),  # as some write it
        (r'for="192.0\.2.7"', Said("192.0.2.7")),
        ("for=203.0.113.9;proto=http, for=192.0.2.7;proto=https", Said("192.0.2.7", "https")),
        (
            f'for=203.0.113.9, for=192.0.2.7;host="a:80", for={INNER};host=inner',
            Said("192.0.2.7", None, "a:80"),
        ),
        ("for=192.0.2.7;", Said("192.0.2.7")),
        ("for=_hidden;proto=https", Said(FRONT, "https")),
        ("proto=https", Said(None, "https")),
        (f"for={INNER}", Said(INNER)),
    ],
)
def test_forwarded_is_read_as_rfc_7239_has_it(value: str, said: Said) -> None:
    assert behind(value) == said


@pytest.mark.parametrize(
    "forged",
    ['"', 'for=203.0.113.9;x="', "x", "a=b c=d", 'for="203.0.113.9"x', "=", "x=" + "y" * 3000],
)
def test_nobody_silences_a_front_door_by_what_it_adds_to(forged: str) -> None:
    """Nothing that X-Forwarded-… says agrees with it, then."""
    assert behind(f"{forged}, for=192.0.2.7;proto=https") == Said(FRONT, "", "")

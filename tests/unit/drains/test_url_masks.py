"""What of a URL is taken for a key: as services really make them, and names that are none."""

from __future__ import annotations

import random
import string
import uuid

import pytest

from drains.destination import Destination
from drains.url_masks import keys_in, looks_like_key, masked_path

KEYS = [
    "XXXXXXXXXXXXXXXXXXXXXXXX",
    "a1b2c3d4e5f6",
    "0123456789abcdef0123456789abcdef",
    "8f14e45f-ceea-467f-9575-3f1b1a2c9d10",
    "ZaVnC4dhaV0Aq3kQ9mWb7xTfLr2Yp8Nd",
    "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
    "bot123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "token=3c6e0b8a9c15224a",
    "NBSWY3DPEB3W64TMMQ======",
]
NAMES = [
    "",
    "v1",
    "services",
    "T00000000",
    "bulk",
    "api_v2",
    "production-logs",
    "logs-of-production-eu-west-1",
    "k8s-production-cluster",
    "2026-11-28-archive",
    "httpLogsReceiver",
    "receivers.example.com",
    "application-logplex-1",
    "12345678901234",
    "UPPERCASEWORDS",
]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_shows_its_last_four_characters(key: str) -> None:
    assert looks_like_key(key)
    assert key not in masked_path(f"/a/{key}/b")
    assert masked_path(f"/a/{key}/b").startswith("/a/***")
    assert masked_path(f"/a/{key}/b").endswith("/b")
    assert len(masked_path(f"/{key}")) <= len("/***") + 4 * len("%3D")
    assert keys_in(f"/a/{key}/b") == [key, key]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stays(name: str) -> None:
    assert masked_path(f"/{name}/{name}") == f"/{name}/{name}"
    assert keys_in(f"/{name}") == []


def test_what_random_generators_make_is_a_key() -> None:
    chance = random.Random(19)
    letters = string.ascii_letters + string.digits
    made = ["".join(chance.choices(letters, k=24)) for _ in range(2_000)]
    made += ["".join(chance.choices("0123456789abcdef", k=32)) for _ in range(2_000)]
    made += [str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(2_000)]

    assert [key for key in made if not looks_like_key(key)] == []


def test_a_key_may_be_percent_encoded() -> None:
    assert masked_path("/x/%5Aa1b2c3d4e5f6%3D") == "/x/***5f6%3D"
    assert keys_in("/%5Aa1b2c3d4e5f6") == ["%5Aa1b2c3d4e5f6", "Za1b2c3d4e5f6"]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://t0ken@h/in", "https://***@h:443/in"),
        ("https://t0ken:@h/in", "https://***@h:443/in"),
        ("https://:pass@h/", "https://:***@h:443/"),
        ("https://@h/", "https://h:443/"),
        (
            "https://0123456789abcdef0123456789abcdef:x-oauth-basic@h/",
            "https://***cdef:***@h:443/",
        ),
        (
            "https://hooks.example/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
            "https://hooks.example:443/services/T00000000/B00000000/***XXXX",
        ),
    ],
)
def test_where_a_drain_goes_is_shown_without_keys(url: str, shown: str) -> None:
    assert Destination.parse(url).redacted == shown


def test_what_is_left_out_is_known() -> None:
    url = "https://t0ken@h/in/a1b2c3d4e5f6?key=abc&more"

    assert set(Destination.parse(url).secrets) == {"t0ken", "a1b2c3d4e5f6", "abc", "more"}
    assert Destination.parse("https://me:pass@h/in").secrets == ["pass"]
    assert Destination.parse("syslog://h:514").secrets == []


def test_a_long_path_is_read_in_no_time() -> None:
    """No expression here tries one text in many ways."""
    assert not keys_in("/" + "aB" * 4 + "/aaaaaaaaaaaaaaaaaaa_" * 100)
    assert keys_in("/" + "a" * 2_000)

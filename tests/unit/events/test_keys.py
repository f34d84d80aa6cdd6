"""One spelling for a host's name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.keys import SiteKey, host_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("www.shop.example", "www.shop.example"),
        ("WWW.Shop.EXAMPLE", "www.shop.example"),
        ("www.shop.example.", "www.shop.example"),
        ("www.shop.example:8080", "www.shop.example"),
        ("www.shop.example.:80", "www.shop.example"),
        ("www.shop.example:", "www.shop.example"),
        ("localhost", "localhost"),
        ("[::1]:80", "[::1]"),
        ("[::1]", "[::1]"),
        ("2001:db8::1", "2001:db8::1"),
        ("www.shop.example:http", "www.shop.example:http"),
        ("BÜCHER.example", "bücher.example"),
        (":80", ""),
        (".", ""),
        ("", ""),
    ],
)
def test_a_host_has_no_case_no_port_and_no_final_dot(text: str, name: str) -> None:
    assert host_name(text) == name
    assert SiteKey.named(text) == SiteKey(name)


@given(st.text(alphabet="Aa.:1[]", max_size=12))
def test_no_name_has_capitals(text: str) -> None:
    assert host_name(text) == host_name(text).lower()

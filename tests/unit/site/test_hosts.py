"""What a request line names."""

from __future__ import annotations

import pytest

from logshuttle_site.hosts import split_target


@pytest.mark.parametrize(
    ("target", "host", "rest"),
    [
        (b"/a?b=c", None, b"/a?b=c"),
        (b"http://h.example:80/a?b=c", b"h.example:80", b"/a?b=c"),
        (b"HTTPS://H/a/", b"H", b"/a/"),
        (b"ws://h/a/ws", b"h", b"/a/ws"),
        (b"http://h", b"h", b"/"),
        (b"http://h?b", b"h", b"/?b"),
        (b"http://[::1]:5000//a", b"[::1]:5000", b"//a"),
        (b"/http://h/a", None, b"/http://h/a"),
        (b"ftp://h/a", None, b"ftp://h/a"),
        (b"*", None, b"*"),
    ],
)
def test_an_absolute_target_names_its_host(target: bytes, host: bytes | None, rest: bytes) -> None:
    assert split_target(target) == (host, rest)

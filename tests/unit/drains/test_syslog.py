from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drains.delivery.syslog import RECORD_BYTES_MAX, cut, header_of, newline_framed
from events.keys import AppKey
from events.lines import Origin


def test_a_header_has_only_printable_ascii_within_the_rfcs_lengths() -> None:
    origin = Origin(AppKey("a\nb é", "s" * 300), "t t\x7f" * 100, "app")

    _, host, tag, *rest = header_of(origin).split(" ")

    assert host == ("ab-" + "s" * 300)[:255]
    assert tag == "tt" * 24
    assert rest == ["-", "-", "-", ""]


def test_an_empty_header_field_is_a_hyphen() -> None:
    assert header_of(Origin(AppKey("é", "x"), "é", "app"), hostname="é") == " - - - - - "


def test_test_mode_replaces_the_host() -> None:
    header = header_of(Origin(AppKey("gold", "gs"), "web.1", "app"), "logshuttle-test")

    assert header == " logshuttle-test web.1 - - - "


def test_line_breaks_and_nul_become_spaces() -> None:
    assert newline_framed(["a\nb\r\nc\0d", "e\u2028f\x85g\x1b"]) == (
        b"a b  c d\n" + "e\u2028f\x85g\x1b\n".encode()
    )


def test_a_long_record_is_cut_but_not_inside_a_character() -> None:
    framed = newline_framed(["x" * 10 + "€" * 40_000, "short"])

    first, second, _ = framed.split(b"\n")
    assert RECORD_BYTES_MAX - 3 < len(first) <= RECORD_BYTES_MAX
    assert first.decode().endswith("€")
    assert second == b"short"


@given(st.lists(st.text(), min_size=1))
def test_each_record_is_one_line_whatever_it_holds(records: list[str]) -> None:
    framed = newline_framed(records)

    assert framed.endswith(b"\n")
    assert framed.count(b"\n") == len(records)
    assert b"\r" not in framed
    assert b"\0" not in framed


@given(st.text(), st.integers(0, 20))
def test_a_cut_is_the_longest_whole_beginning(text: str, limit: int) -> None:
    kept = cut(text.encode(), limit)

    assert text.startswith(kept.decode())
    assert len(kept) <= limit or kept == text.encode()
    assert len(kept) > limit - 4 or kept == text.encode()

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drains.delivery.wire.logplex import frames_of
from drains.delivery.wire.rfc5424 import (
    WireFormat,
    framed,
    header_of,
    packed,
    shortened,
    wire_format_of,
)
from drains.destination import Destination
from drains.option_values import DrainOptions
from drains.routes import Route
from drains.transports import DATAGRAM_BYTES_MAX, RECORD_BYTES_MAX
from events.cleaning import bodies, bodies_if_alike, one_line
from events.keys import AppKey
from events.lines import Origin

NEWLINE, OCTET = WireFormat("newline"), WireFormat("octet")
REQUEST, SHORT = WireFormat("request"), WireFormat(record_bytes_max=480)
DATAGRAM = WireFormat("datagram", record_bytes_max=DATAGRAM_BYTES_MAX)

WEB = Origin(AppKey("gold", "gs"), "web.1", "app", "web")
ROUTER = Origin(AppKey("gold", "gs"), "akkeris/router", "router")


def test_a_header_has_only_printable_ascii_within_the_rfcs_lengths() -> None:
    origin = Origin(AppKey("a\nb é", "s" * 300), "t t\x7f" * 100, "app")

    _, host, tag, *rest = header_of(origin, NEWLINE).split(" ")

    assert host == ("ab-" + "s" * 300)[:255]
    assert tag == "tt" * 24
    assert rest == ["-", "-", "-", ""]


def test_an_empty_header_field_is_a_hyphen() -> None:
    assert (
        header_of(Origin(AppKey("é", "x"), "é", "app"), WireFormat(hostname="é")) == " - - - - - "
    )


def test_test_mode_replaces_the_host() -> None:
    assert header_of(WEB, WireFormat(hostname="logshuttle-test")) == " logshuttle-test web.1 - - - "


@pytest.mark.parametrize(
    ("url", "origin", "header"),
    [
        ("https://h/", WEB, " host app web.1 - "),
        ("https://h/", ROUTER, " host heroku router - "),
        ("syslog://h:514", WEB, " d.d1 app web.1 - - "),
        ("syslog+tls://h:6514", ROUTER, " d.d1 heroku router - - "),
    ],
)
def test_the_shape_of_logplex(url: str, origin: Origin, header: str) -> None:
    assert header_of(origin, wire_format_of(route(url, format="logplex"))) == header


@pytest.mark.parametrize(
    ("url", "framing"),
    [
        ("syslog://h:514", "octet"),
        ("syslog+tls://h:514", "octet"),
        ("syslog+udp://h:514", "datagram"),
        ("http://h", "request"),
        ("https://h", "request"),
    ],
)
def test_framing_by_scheme(url: str, framing: str) -> None:
    assert wire_format_of(route(url, framing="octet")).framing == framing


def test_line_breaks_and_nul_become_spaces() -> None:
    assert framed(["a\nb\r\nc\0d", "e\u2028f\x85g\x1b"], NEWLINE).data == (
        b"a b  c d\n" + "e\u2028f\x85g\x1b\n".encode()
    )


@pytest.mark.parametrize("wire", [NEWLINE, REQUEST, DATAGRAM, SHORT])
def test_a_long_record_is_cut_but_not_inside_a_character_and_counted(wire: WireFormat) -> None:
    limit = wire.record_bytes_max
    data, cut = framed(["x" * 10 + "€" * 40_000, "short", "y" * limit, "é" * limit], wire)

    first, second, third, fourth = (
        re.sub(rb"^\d+ ", b"", record) for record in data.removesuffix(b"\n").split(b"\n")
    )
    assert limit - 3 < len(first) <= limit
    assert first.decode().endswith("€")
    assert (second, third) == (b"short", b"y" * limit)
    assert fourth == "é".encode() * (limit // 2)
    assert cut == 2


@pytest.mark.parametrize("character", ["x", "é", "€", "𝄞"])
@pytest.mark.parametrize("more", [0, 1])
def test_what_is_just_short_enough_is_whole(character: str, more: int) -> None:
    text = character * ((480 // len(character.encode())) + more)
    data, cut = framed([text, "short"], SHORT)
    assert (cut, data == f"{text}\nshort\n".encode()) == (more, not more)


@pytest.mark.parametrize(
    ("url", "asked", "limit"),
    [
        ("syslog://h:514", RECORD_BYTES_MAX, 99_990),
        ("syslog://h:514", 2_048, 2_048),
        ("https://h", 480, 480),
        ("syslog+udp://h:514", RECORD_BYTES_MAX, 1_024),
        ("syslog+udp://h:514", 480, 480),
    ],
)
def test_how_long_a_record_may_be(url: str, asked: int, limit: int) -> None:
    wire = wire_format_of(route(url, max_record_bytes=asked))
    assert wire.record_bytes_max == limit
    assert wire == wire_format_of(route(url, max_record_bytes=limit))


def test_octets_are_counted_in_bytes() -> None:
    assert framed(["€1", "2\n3"], OCTET).data == "4 €1".encode() + b"3 2 3"
    assert framed(["€1", "2\n3"], REQUEST).data == "5 €1\n".encode() + b"4 2 3\n"


@given(st.lists(st.text(), min_size=1))
def test_each_record_is_one_line_whatever_it_holds(records: list[str]) -> None:
    data = framed(records, NEWLINE).data

    assert data.endswith(b"\n")
    assert data.count(b"\n") == len(records)
    assert b"\r" not in data
    assert b"\0" not in data


@given(st.lists(st.text(), min_size=1))
def test_each_record_is_one_octet_counted_frame(records: list[str]) -> None:
    rest = framed(records, OCTET).data

    for record in records:
        count, _, rest = rest.partition(b" ")
        assert rest[: int(count)].decode() == record.translate(dict.fromkeys(b"\r\n\0", " "))
        rest = rest[int(count) :]
    assert rest == b""


@given(st.lists(st.text(), min_size=1))
def test_a_requests_frames_can_be_told_apart_by_their_ends(records: list[str]) -> None:
    data = framed(records, REQUEST).data

    assert len(frames_of(data)) == len(records)
    assert b"".join(frames_of(data)) == data


@given(st.text(), st.integers(0, 20))
def test_a_cut_is_the_longest_whole_beginning(text: str, limit: int) -> None:
    kept = shortened(text.encode(), limit)

    assert text.startswith(kept.decode())
    assert len(kept) <= limit or kept == text.encode()
    assert len(kept) > limit - 4 or kept == text.encode()


def route(url: str, **options: object) -> Route:
    destination = Destination.parse(url)
    return Route("d1", WEB.key, destination, options=DrainOptions(**options))  # type: ignore[arg-type]


_PIECES = st.text(st.sampled_from("ab é€𝄞\n\r\0\u2028"), max_size=8)
_TEXTS = st.lists(st.sampled_from(["", "a", "a\n", "a\r\n", "a\n\n", "\r", "\0"]) | _PIECES)


@given(_TEXTS)
def test_texts_are_cleaned_together_as_they_are_one_by_one(texts: list[str]) -> None:
    assert bodies(texts) == [one_line(text).encode() + b"\n" for text in texts]
    said = bodies_if_alike(texts)
    assert said in (None, bodies([text.removesuffix("\n") for text in texts]))


@pytest.mark.parametrize(
    ("texts", "plain"),
    [
        (["a\n", "é\n", "\n"], True),
        (["a", "", "é"], True),
        ([], True),
        (["a\n", "b"], False),
        (["a\n\n", "b"], False),  # as many as there are texts
        (["a\nb", "c\n"], False),
        (["\na", "c"], False),
        (["a\r\n"], False),
        (["a\0\n"], False),
    ],
)
def test_texts_are_plain_when_each_ends_as_the_others(texts: list[str], plain: bool) -> None:
    assert (bodies_if_alike(texts) is not None) is plain


@given(st.lists(_PIECES | st.text(max_size=600), min_size=1, max_size=5))
@pytest.mark.parametrize("wire", [NEWLINE, OCTET, REQUEST, DATAGRAM, SHORT])
def test_records_in_parts_are_packed_as_each_alone_would_be(
    wire: WireFormat, texts: list[str]
) -> None:
    head = (b"<14>1 ", b"2016-08-24T17:03:20Z", b" gold-gs web.1 - - - ")
    records = b"".join(part for body in bodies(texts) for part in (*head, body))
    alone = [packed(b"".join([*head, body]), wire) for body in bodies(texts)]
    longest = max(map(len, bodies(texts)))
    assert packed(records, wire) == (
        b"".join(each.data for each in alone),
        sum(each.cut for each in alone),
    )
    whole = b"".join(head).decode()
    assert packed(records, wire, longest) == packed(records, wire)
    assert longest > wire.plain_bytes_max or packed(records, wire) == (records, 0)
    assert packed(records, wire) == framed([whole + text for text in texts], wire)

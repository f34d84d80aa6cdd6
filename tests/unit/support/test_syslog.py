import pytest

from tests.support.syslog import parse

PLAIN = b"<14>1 2016-08-24T17:03:20.08Z gold-gs web.1 - - - hello"


def test_every_field_is_told() -> None:
    record = parse(
        b"<172>1 2003-10-11T22:14:15.003-07:00 host.example app/x 8710 ID47 "
        b'[meta sequenceId="29"][a@32473 k="v"] text'
    )
    assert (record.facility, record.severity) == (21, 4)
    assert record.timestamp == "2003-10-11T22:14:15.003-07:00"
    assert (record.hostname, record.app_name) == ("host.example", "app/x")
    assert (record.procid, record.msgid) == ("8710", "ID47")
    assert record.structured_data == {"meta": [("sequenceId", "29")], "a@32473": [("k", "v")]}
    assert record.text == "text"


def test_nil_values_are_none() -> None:
    record = parse(b"<0>1 - - - - - -")
    assert (record.timestamp, record.hostname, record.app_name) == (None, None, None)
    assert record.msg is None


def test_an_empty_msg_differs_from_none() -> None:
    assert parse(b"<14>1 - - - - - - ").msg == b""


@pytest.mark.parametrize("msg", [b"a\xff\xfe", b" two  spaces ", b"tab\there", b"[not=sd]", b"-"])
def test_msg_is_any_octets(msg: bytes) -> None:
    assert parse(b"<14>1 - h a - - - " + msg).msg == msg


def test_escapes_in_a_parameter_are_undone() -> None:
    record = parse(rb'<14>1 - h a - - [x@1 v="a\"b\\c\]d\n"] m')
    assert record.structured_data == {"x@1": [("v", 'a"b\\c]d\\n')]}


def test_a_bom_is_not_text() -> None:
    assert parse(b"<14>1 - h a - - - \xef\xbb\xbfgr\xc3\xbc\xc3\x9fe").text == "grüße"


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"hello",
        b"14>1 - h a - - - m",
        b"<>1 - h a - - - m",
        b"<014>1 - h a - - - m",
        b"<192>1 - h a - - - m",
        b"<1000>1 - h a - - - m",
        b"<14> - h a - - - m",
        b"<14>2 - h a - - - m",
        b"<14>1  h a - - - m",
        b"<14>1 - h a - - m",
        b"<14>1 - h  - - - m",
        b"<14>1 - h\xc3\xa9 a - - - m",
        b"<14>1 - h\x7f a - - - m",
        b"<14>1 - " + b"h" * 256 + b" a - - - m",
        b"<14>1 - h " + b"a" * 49 + b" - - - m",
        b"<14>1 - h a " + b"p" * 129 + b" - - m",
        b"<14>1 - h a - " + b"i" * 33 + b" - m",
        b"<14>1 - h a - - -m",
        b"<14>1 - h a - - [] m",
        b"<14>1 - h a - - [meta m",
        b'<14>1 - h a - - [meta k="v"',
        b'<14>1 - h a - - [meta k="v]"] m',
        b'<14>1 - h a - - [meta k="v\\"] m',
        b'<14>1 - h a - - [meta k="\xff"] m',
        b'<14>1 - h a - - [unregistered k="v"] m',
        b'<14>1 - h a - - [meta k="v"][meta k="w"] m',
        b'<14>1 - h a - - [meta k="v"]m',
        b"<14>1 - h a - - - \xef\xbb\xbf\xff",
    ],
)
def test_what_the_standard_does_not_allow_is_refused(record: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(record)


@pytest.mark.parametrize(
    "time",
    [
        b"2016-08-24T17:03:20",
        b"2016-08-24T17:03:20.Z",
        b"2016-08-24T17:03:20.0801516Z",
        b"2016-08-24t17:03:20Z",
        b"2016-08-24T17:03:20z",
        b"2016-08-24T17:03:60Z",
        b"2016-08-24T24:03:20Z",
        b"2016-06-31T17:03:20Z",
        b"2016-08-24T17:03:20+0200",
        b"2016-08-24T17:03:20+24:00",
        b"16-08-24T17:03:20Z",
    ],
)
def test_other_times_are_refused(time: bytes) -> None:
    assert parse(PLAIN).timestamp == "2016-08-24T17:03:20.08Z"
    with pytest.raises(ValueError, match=r"."):
        parse(PLAIN.replace(b"2016-08-24T17:03:20.08Z", time))

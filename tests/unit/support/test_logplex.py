import pytest

from tests.support.logplex import LogplexMessage, parse_body, parse_message, parse_request

HEADERS = {
    "Content-Type": "application/logplex-1",
    "Content-Length": "19",
    "Logplex-Msg-Count": "2",
    "Logplex-Frame-Id": "09C557EAFCFB6CF2740EE62F62971098",
    "Logplex-Drain-Token": "d.fc6b856b-3332-4546-93de-7d0ee272c3bd",
    "User-Agent": "Logplex/v49",
}
BODY = "4 hä\n".encode() + b"10 two\nlines\n"


def headers(**changes: str | None) -> dict[str, str]:
    changed = HEADERS | {name.replace("_", "-"): value for name, value in changes.items()}
    return {name: value for name, value in changed.items() if value is not None}


def test_a_request_gives_its_messages() -> None:
    assert parse_request(HEADERS, BODY) == ["hä".encode(), b"two\nlines"]


def test_names_of_headers_have_no_case() -> None:
    lower = {name.lower(): value for name, value in HEADERS.items()}
    assert len(parse_request(lower, BODY)) == 2


@pytest.mark.parametrize("name", HEADERS)
def test_no_header_may_be_missing(name: str) -> None:
    with pytest.raises(ValueError, match=f"no header {name.lower()}"):
        parse_request(headers(**{name: None}), BODY)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Content-Type", "application/logplex-1; charset=utf-8"),
        ("Content-Length", "20"),
        ("Content-Length", "019"),
        ("Logplex-Msg-Count", "1"),
        ("Logplex-Msg-Count", "02"),
        ("Logplex-Frame-Id", HEADERS["Logplex-Frame-Id"].lower()),
        ("Logplex-Frame-Id", HEADERS["Logplex-Frame-Id"][1:]),
        ("Logplex-Drain-Token", ""),
        ("Logplex-Drain-Token", "d.1"),
        ("User-Agent", "python"),
        ("User-Agent", "Logplex/"),
        ("Transfer-Encoding", "chunked"),
        ("content-type", "application/logplex-1"),
    ],
)
def test_a_header_must_say_what_is_true(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_request(headers(**{name: value}), BODY)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"text\n",
        b"4 abc",
        b"3 abc",
        b"5 abc\n",
        b"3 abc\n",
        b"04 abc\n",
        b"+4 abc\n",
        b"4  abc\n",
        b"4abc\n",
        b"4 abc\n\n",
        b"4 abc\n 4 abc\n",
        b"5 abc\n\n",
        "3 hä\n".encode(),
        b"4 abc\n4",
    ],
)
def test_a_body_is_frames_and_nothing_else(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_body(body)


def test_an_empty_message_has_its_end_too() -> None:
    assert parse_body(b"1 \n1 \n") == [b"", b""]


def test_a_message_has_six_fields_and_text() -> None:
    message = b"<172>1 2012-11-30T06:45:26.0+00:00 host heroku web.3 - State  changed\n[x]"
    assert parse_message(message) == LogplexMessage(
        21, 4, "2012-11-30T06:45:26.0+00:00", "host", "heroku", "web.3", b"State  changed\n[x]"
    )


def test_structured_data_is_part_of_the_text() -> None:
    assert parse_message(b"<14>1 2012-11-30T06:45:26Z h a p - - text").msg == b"- text"


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"text",
        b"<14>1 2012-11-30T06:45:26Z h a p -",
        b"<14>1 2012-11-30T06:45:26Z h a p text",
        b"<14>1 2012-11-30T06:45:26Z h a p ID text",
        b"<14>1 2012-11-30T06:45:26Z h a  - text",
        b"<14>1 2012-11-30T06:45:26Z h\xc3\xa9 a p - text",
        b"<14>2 2012-11-30T06:45:26Z h a p - text",
        b"<014>1 2012-11-30T06:45:26Z h a p - text",
        b"<192>1 2012-11-30T06:45:26Z h a p - text",
        b"<14>1 2012-11-30 h a p - text",
        b"<14>1 2012-11-31T06:45:26Z h a p - text",
        b"<14>1 2012-11-30T06:45:26.1234567Z h a p - text",
        b"<14>1 2012-11-30T06:45:26 h a p - text",
        b"<14>1 - h a p - text",
    ],
)
def test_other_shapes_are_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_message(message)

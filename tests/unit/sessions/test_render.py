"""Lines as text and as records (docs/tail.md)."""

from __future__ import annotations

import json
import re
import string
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.formats.decode import Decoder
from events.keys import AppKey, Key, SiteKey
from events.lines import LogLine, Origin, Severity
from sessions_app.tail.render import record_of, text_of
from tests.support.golden import GoldenCase, golden_cases
from tests.support.records import RECORD_TIME, records_of

GOLD = AppKey("gold", "gs")
WEB = Origin(GOLD, "web.1050769379-6ktnc", "app", "web")
NOON = "2026-01-31T12:00:00Z"
TOPICS = {
    "kubernetes": "gs",
    "web": "alamoweblogs",
    "istio": "istio-access-logs",
    "build": "alamobuildlogs",
}
DRAINS: dict[str, Key] = {"gs": GOLD, "site": SiteKey("www.gold.example")}
RECORD = re.compile(r"<\d+>1 (\S+) (\S+) (\S+) - - - (.*)")
CASES = [
    pytest.param(topic, case, id=f"{source}/{case}")
    for source, topic in TOPICS.items()
    for case in golden_cases(source)
    if not case.ours and case.name != "upper-keys"  # a wart of the original
]


def tail_line_of(record: str) -> str:
    """What a session shows where the original sent this to a drain."""
    match = RECORD.fullmatch(record.replace("@NOW@", RECORD_TIME))
    assert match is not None, record
    time, name, tag, text = match.groups()
    second = f"{datetime.fromisoformat(time).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f"{second} {name} {tag if '/' in tag else f'app[{tag}]'}: {text.strip()}"


def line(text: str, origin: Origin = WEB, time: str = NOON) -> LogLine:
    return LogLine(origin, time, Severity.INFO, text)


@pytest.mark.parametrize(
    ("origin", "shown"),
    [
        (WEB, "gold-gs app[web.1050769379-6ktnc]: hello"),
        (Origin(GOLD, "akkeris/router", "router"), "gold-gs akkeris/router: hello"),
        (Origin(GOLD, "akkeris/build", "build"), "gold-gs akkeris/build: hello"),
        (Origin(GOLD, "akkeris/release", "app", "web"), "gold-gs akkeris/release: hello"),
        (
            Origin(SiteKey("www.gold.example"), "akkeris/router", "router"),
            "www.gold.example akkeris/router: hello",
        ),
    ],
)
def test_a_line_is_shown_as_the_original_did(origin: Origin, shown: str) -> None:
    assert text_of(line("hello", origin)) == f"{NOON} {shown}"


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        ("2016-08-24T17:03:20.080151Z", "2016-08-24T17:03:20Z"),
        ("2016-08-24T17:03:20Z", "2016-08-24T17:03:20Z"),
        ("2016-08-24T23:33:20.99-05:30", "2016-08-25T05:03:20Z"),
        ("2016-08-24T17:03:20+02:00", "2016-08-24T15:03:20Z"),
    ],
)
def test_its_time_is_utc_in_whole_seconds(time: str, shown: str) -> None:
    assert text_of(line("x", time=time)).partition(" ")[0] == shown


def test_a_time_that_no_calendar_has_in_utc_is_shown_as_it_is() -> None:
    assert text_of(line("x", time="0001-01-01T00:00:00+14:00")).startswith("0001-01-01T00:00:00+14")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  indented \t", "indented"),
        ("a\nb\r\nc\0d", "a b  c d"),
        ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
        ("\u2028", ""),
        ("a\u2028b\x85c", "a\u2028b\x85c"),
        ("\ud800".encode("utf-8", "replace").decode(), "?"),
    ],
)
def test_text_is_cleaned_like_msg_and_trimmed(text: str, shown: str) -> None:
    assert text_of(line(text)).partition("]: ")[2] == shown


@given(tag=st.text(), name=st.text(min_size=1), text=st.text())
def test_nothing_can_forge_a_line(tag: str, name: str, text: str) -> None:
    shown = text_of(line(text, Origin(AppKey(name, "gs"), tag, "app")))
    head, _, _ = shown.partition(": ")

    assert not set(shown) & set("\r\n\0")
    assert len(head.split(" ")) == 3
    assert set(head) <= set(string.printable)


def test_a_record_has_the_members_of_the_contract() -> None:
    record = record_of(LogLine(WEB, "2026-01-31T12:00:00.123456Z", Severity.ERROR, " a\nb "))

    assert list(record.items()) == [
        ("time", "2026-01-31T12:00:00.123456Z"),
        ("app", "gold"),
        ("space", "gs"),
        ("source", "app"),
        ("process", "web"),
        ("stream", "stderr"),
        ("text", " a b "),
    ]
    json.dumps(record)


def test_a_sites_record_names_the_site() -> None:
    record = record_of(line("x", Origin(SiteKey("www.gold.example"), "akkeris/router", "router")))

    assert (record["site"], record["app"], record["space"]) == ("www.gold.example", "", "")
    assert (record["process"], record["stream"]) == ("", "")


@pytest.mark.parametrize(("topic", "case"), CASES)
def test_golden(topic: str, case: GoldenCase) -> None:
    lines = Decoder().lines_of(records_of([case.value], topic))

    for drain, key in DRAINS.items():
        expected = [tail_line_of(record) for record in case.original.get(drain, [])]
        assert [text_of(line) for line in lines if line.origin.key == key] == expected

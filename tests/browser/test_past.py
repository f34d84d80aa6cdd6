"""What was before the last lines, and all since a time."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import WSCloseCode
from playwright.sync_api import expect

from tests.support.tail_lines import WireLine, wire_line
from tests.support.tail_page import TailPage
from tests.support.tail_server import PATH, TailServer
from tests.support.waiting import wait_until

LIMIT_SECONDS = 10.0
_TWO_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
JAVA = [
    "ERROR order 17 failed",
    "java.lang.IllegalStateException: no stock",
    "\tat shop.Stock.take(Stock.java:17)",
    "\tat shop.Orders.place(Orders.java:4)",
]


def _lines(start: int, end: int) -> list[WireLine]:
    """With a level each, and some of them are long."""
    words = ("ERROR order", "INFO cart", "plain " + "word " * 60)
    return [wire_line(f"line {number}. {words[number % 3]}") for number in range(start, end)]


@pytest.fixture
def long(tail: TailPage, server: TailServer) -> TailPage:
    """2,300 lines, of which the last 100 are shown."""
    server.older = _lines(0, 2200)
    server.wires(_lines(2200, 2300))
    tail.open()
    expect(tail.row("line 2299.")).to_be_in_viewport()
    return tail


def _load(tail: TailPage) -> None:
    tail.press("Home")
    tail.page.locator("#older").click()


def _stays(tail: TailPage, text: str, held: str) -> None:
    """Loads older lines while one looks at this row."""
    tail.evaluate(_TWO_FRAMES)
    before = tail.row(text).bounding_box()
    height = tail.evaluate("document.getElementById('canvas').offsetHeight")
    tail.press("o")
    expect(tail.page.locator("#counts")).to_have_text(held)
    expect(tail.page.locator("#toast")).to_have_text("1,000 older lines loaded")
    tail.page.wait_for_function(
        "height => document.getElementById('canvas').offsetHeight > height + 1000", arg=height
    )
    tail.evaluate(_TWO_FRAMES)
    assert tail.row(text).bounding_box() == before


def test_older_lines_are_put_before_the_others_until_there_are_no_more(
    long: TailPage, server: TailServer
) -> None:
    long.press("Home")
    first = long.row("line 2200.")
    before = first.bounding_box()
    expect(long.page.locator("#older")).to_have_text("Load 1,000 older")
    long.page.locator("#older").click()
    expect(long.page.locator("#counts")).to_have_text("1,100 lines")
    expect(long.row("line 2199.")).to_be_visible()
    assert first.bounding_box() == before
    assert server.queries[1] == {"before": "2200", "lines": "1000"}
    assert server.readers == 1  # the stream went on
    _load(long)
    expect(long.page.locator("#counts")).to_have_text("2,100 lines")
    _load(long)
    expect(long.page.locator("#counts")).to_have_text("2,300 lines")
    long.press("Home")
    expect(long.row("line 0.")).to_be_in_viewport()
    expect(long.page.locator("#lead-text")).to_have_text("This is all that Kafka has")
    expect(long.page.locator("#older")).to_be_hidden()
    expect(long.chip("error").locator(".count")).to_have_text("767")
    server.lines("live")
    long.press("End")
    expect(long.row("live")).to_be_in_viewport()


@pytest.mark.parametrize("wrap", [False, True])
def test_what_one_looks_at_does_not_move(wrap: bool, long: TailPage) -> None:
    long.set_display("wrap", wrap)
    long.press("PageUp")
    texts = long.texts()
    text = next(text for text in texts[len(texts) // 2 :] if "cart" in text)
    number = text.split(".")[0] + "."
    _stays(long, number, "1,100 lines")
    long.row(number).locator(".text").click()
    expect(long.page.locator("#detail")).to_be_visible()
    _stays(long, number, "2,100 lines")
    expect(long.page.locator(".row.chosen.open")).to_contain_text(number)


def test_filters_and_the_line_in_context_hold_for_older_lines(long: TailPage) -> None:
    long.filter("order")
    expect(long.page.locator("#counts")).to_have_text("100 lines · 33 shown")
    long.press("Escape")
    _stays(long, "line 2298.", "1,100 lines · 367 shown")
    long.row("line 2298.").locator(".time").click()
    expect(long.page.locator("#context")).to_be_visible()
    expect(long.row("line 2297.")).to_be_in_viewport()
    long.log.evaluate("e => { e.scrollTop -= 60 }")
    _stays(long, "line 2298.", "2,100 lines")
    long.press("Escape")
    expect(long.page.locator("#counts")).to_have_text("2,100 lines · 700 shown")


def test_a_trace_whose_head_is_older_is_put_together(tail: TailPage, server: TailServer) -> None:
    server.older = [wire_line("before"), *(wire_line(text) for text in JAVA[:2])]
    server.lines(*JAVA[2:], "behind")
    tail.open()
    expect(tail.rows).to_have_count(3)
    expect(tail.chip("none").locator(".count")).to_have_text("2")
    tail.press("o")
    expect(tail.row("order 17").locator(".fold")).to_have_text("▾ 3")
    expect(tail.chip("error").locator(".count")).to_have_text("1")
    expect(tail.chip("none").locator(".count")).to_have_text("2")
    tail.press("f")
    tail.shows("before", JAVA[0], "behind")


def test_lines_that_cannot_be_had_are_asked_for_again(long: TailPage, server: TailServer) -> None:
    server.has_older = False
    _load(long)
    expect(long.page.locator("#lead-text")).to_have_text(
        "No older lines: the connection broke off."
    )
    expect(long.page.locator("#state")).to_have_text("Live")
    server.has_older = True
    expect(long.page.locator("#older")).to_have_text("Try again")
    long.page.locator("#older").click()
    expect(long.page.locator("#counts")).to_have_text("1,100 lines")


def test_a_page_that_comes_again_goes_on_where_its_older_lines_begin(
    long: TailPage, server: TailServer
) -> None:
    long.press("o")
    expect(long.page.locator("#counts")).to_have_text("1,100 lines")
    server.cut(WSCloseCode.SERVICE_RESTART)
    expect(long.page.locator("#state")).to_have_text(re.compile("Reconnecting"))
    long.page.locator("#retry").click()
    expect(long.page.locator("#state")).to_have_text("Live")
    wait_until(lambda: server.readers == 1, LIMIT_SECONDS, "it reads again")
    long.press("o")
    expect(long.page.locator("#counts")).to_have_text("2,100 lines")
    assert [query.get("before") for query in server.queries] == [None, "2200", None, "1200"]


def test_what_was_cleared_lies_between(long: TailPage) -> None:
    long.press("c")
    expect(long.page.locator("#counts")).to_have_text("0 lines")
    long.press("o")
    long.press("u")
    expect(long.page.locator("#counts")).to_have_text("100 lines")
    long.press("Home")
    expect(long.page.locator("#older")).to_be_visible()
    _load(long)
    expect(long.page.locator("#counts")).to_have_text("1,100 lines")


def test_a_gap_in_front_of_the_last_lines_is_none_when_older_ones_are_there(
    tail: TailPage, server: TailServer
) -> None:
    tail.open()
    server.say(type="gap", reason="the last lines were read back only so far")
    server.lines("last")
    server.older = [wire_line("older")]
    server.say(type="older", place="1")
    expect(tail.page.locator(".note.loss")).to_have_count(1)
    tail.press("o")
    tail.shows("older", "last")
    expect(tail.page.locator(".note.loss")).to_have_count(0)


def test_where_nothing_is_older_that_is_said(tail: TailPage, server: TailServer) -> None:
    tail.open()
    server.lines("all")
    server.say(type="backlog-end")
    expect(tail.page.locator("#lead-text")).to_have_text("This is all that Kafka has")
    expect(tail.page.locator("#older")).to_be_hidden()


@pytest.mark.slow
def test_a_full_page_takes_no_more(tail: TailPage, server: TailServer) -> None:
    server.older = _lines(0, 900)
    server.wires(_lines(900, 100_400))
    tail.open()
    expect(tail.page.locator("#counts")).to_have_text("99,500 lines")
    tail.press("o")
    expect(tail.page.locator("#counts")).to_have_text("100,000 lines")
    expect(tail.page.locator("#older")).to_be_hidden()
    expect(tail.page.locator("#lead-text")).to_have_text(
        "This page holds 100,000: no older line fits"
    )


@pytest.mark.parametrize(
    ("days", "filters", "said"),
    [
        (7, {}, "Nothing of gold-gs in Kafka (7 days): is the name right?"),
        (None, {}, "Nothing of gold-gs in Kafka, which has no records there: is the name right?"),
        (
            7,
            {"source": ["router"]},
            "Nothing of gold-gs with source: router in Kafka (7 days): are the name and these "
            "filters right?",
        ),
    ],
)
def test_an_app_that_nobody_knows_is_named(
    days: int | None, filters: dict[str, list[str]], said: str, tail: TailPage, server: TailServer
) -> None:
    server.hello = {"filters": filters}
    tail.open()
    since = None if days is None else round((time.time() - days * 86400) * 1000)
    server.say(type="nothing", since=since)
    server.say(type="backlog-end")
    expect(tail.page.locator("#empty-text")).to_have_text(said)
    server.lines("it is right")
    tail.shows("it is right")


def test_a_time_leads_to_all_since_then_and_back_to_what_is_live(
    tail: TailPage, server: TailServer
) -> None:
    server.wires(_lines(0, 7600))
    tail.open("#hl=cart")
    tail.press("g")
    tail.page.locator("[data-ago='300']").click()
    server.hello = {"lines": None, "since": time.time() - 300}
    tail.press("Enter")  # the button has the focus, and fills in the box
    tail.page.get_by_role("button", name="Show all since then").click()
    expect(tail.page.locator("#state")).to_have_text("The past")
    url = urlsplit(tail.page.url)
    (since,) = parse_qs(url.query)["since"]
    ago = datetime.now(UTC) - datetime.fromisoformat(since)
    assert timedelta(seconds=299) < ago < timedelta(seconds=315)
    assert (url.path, url.fragment) == (PATH, "hl=cart")
    expect(tail.page.locator("#counts")).to_have_text("5,000 lines")
    expect(tail.row("line 0.")).to_be_in_viewport()
    expect(tail.page.locator("#past-text")).to_have_text(re.compile(r"^The past, up to [\d:.]+\.$"))
    tail.page.locator("#past-more").click()
    expect(tail.page.locator("#counts")).to_have_text("7,600 lines")
    expect(tail.row("line 0.")).to_be_in_viewport()
    assert server.queries[-1]["after"] == server.sent[4999]["id"]
    server.hello = {}
    tail.press("End")
    expect(tail.page.locator("#state")).to_have_text("Live")
    assert tail.page.url == f"{server.origin}{PATH}#hl=cart"


def test_the_past_that_ends_is_live(tail: TailPage, server: TailServer) -> None:
    server.wires(_lines(0, 10))
    server.hello = {"lines": None, "since": time.time() - 300}
    tail.page.goto(f"{tail.url}?since=5m")
    expect(tail.page.locator("#state")).to_have_text("Reading the past")
    expect(tail.page.locator("#lead-text")).to_have_text(re.compile("^Since "))
    wait_until(lambda: server.readers == 1, LIMIT_SECONDS, "the page reads")
    server.say(type="backlog-end")
    expect(tail.page.locator("#state")).to_have_text("Live")
    server.lines("live")
    tail.press("End")
    expect(tail.row("live")).to_be_in_viewport()
    assert "since=5m" in tail.page.url


def test_where_the_server_ends_a_part_it_can_be_gone_on(tail: TailPage, server: TailServer) -> None:
    tail.open()
    server.lines("one")
    tail.shows("one")
    server.say(type="gap", reason="no more is read at once", id="a place")
    expect(tail.page.locator("#state")).to_have_text("The past")
    expect(tail.page.locator(".note")).to_have_count(0)
    server.sent = [wire_line("two")]
    tail.page.locator("#past-more").click()
    tail.shows("one", "two")
    assert server.queries[-1] == {"after": "a place"}
    expect(tail.page.locator("#past")).to_be_hidden()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "Which day and time?"),
        ("2999-01-31T12:00:00", "That lies in the future."),
        ("2001-01-31T12:00:00", "This session shows nothing before"),
    ],
)
def test_a_time_that_is_none_is_told(
    value: str, said: str, tail: TailPage, server: TailServer
) -> None:
    server.hello = {"since": 1_800_000_000 - 86400 * 365 * 20}
    tail.open()
    tail.press("g")
    tail.page.locator("#past-time").fill(value)
    tail.press("Enter")
    expect(tail.page.locator("#past-problem")).to_contain_text(said)
    tail.page.get_by_role("link", name="Download text").click()
    expect(tail.page.locator("#past-problem")).to_contain_text(said)
    assert tail.page.url == tail.url
    assert not any("download" in request.query for request in server.requests)


def test_files_come_from_kafka_with_the_filters_of_the_session(
    tail: TailPage, server: TailServer
) -> None:
    tail.page.goto(f"{tail.url}?source=app&lines=50#q=x")
    expect(tail.page.locator("#state")).to_have_text("Live")
    tail.page.locator("#downloads summary").click()
    link = tail.page.get_by_role("link", name="Last hour as JSON lines")
    with tail.page.expect_download() as download:
        link.click()
    assert parse_qs(urlsplit(download.value.url).query) == {
        "source": ["app"],
        "download": ["ndjson.gz"],
        "since": ["1h"],
    }
    tail.set_display("time", "utc")
    tail.press("g")
    tail.page.locator("#past-time").fill("2026-01-31T12:00:07")
    with tail.page.expect_download() as download:
        tail.page.get_by_role("link", name="Download text").click()
    assert "download=log.gz&since=2026-01-31T12%3A00%3A07Z" in download.value.url

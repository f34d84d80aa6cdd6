"""Lines as they come and look."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.tail_page import TailPage
from tests.support.tail_lines import sample
from tests.support.tail_server import NAME, TailServer


def test_a_page_shows_lines_as_they_come(tail: TailPage, server: TailServer) -> None:
    tail.open()
    expect(tail.page.locator("h1")).to_have_text(NAME)
    expect(tail.page.locator("#empty")).to_contain_text("Waiting for lines")
    server.lines("one", "two")
    tail.shows("one", "two")
    server.lines("three")
    tail.shows("one", "two", "three")
    expect(tail.page.locator("#empty")).to_be_hidden()
    expect(tail.page.locator("#counts")).to_have_text("3 lines")


def test_the_past_comes_first_and_a_row_tells_where_it_ends(
    tail: TailPage, server: TailServer
) -> None:
    server.wires(sample(30))
    tail.open()
    expect(tail.rows).to_have_count(30)
    server.say(type="backlog-end")
    expect(tail.rows.last).to_have_text("Live from here")

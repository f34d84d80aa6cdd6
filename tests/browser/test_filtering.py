"""Filters: text, pattern, levels, sources, processes; and what they never do."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.tail_lines import router_line, wire_line
from tests.support.tail_page import TailPage
from tests.support.tail_server import TailServer


@pytest.fixture
def some(tail: TailPage, server: TailServer) -> TailPage:
    server.wires(
        [
            wire_line("ERROR order 17 failed"),
            wire_line("WARN Order 18 slow"),
            wire_line("\x1b[32mINFO\x1b[0m or\x1b[1mder\x1b[0m 19 placed"),
            wire_line("DEBUG cache miss"),
            wire_line("no level here"),
            router_line("path=/orders/17"),
        ]
    )
    tail.open()
    expect(tail.rows).to_have_count(6)
    return tail


def test_text_is_found_in_any_case_and_across_colours(some: TailPage, server: TailServer) -> None:
    some.press("/")
    some.page.keyboard.type("ORDER")
    expect(some.rows).to_have_count(4)
    expect(some.page.locator("mark.found").first).to_have_text("order")
    expect(some.page.locator("#counts")).to_have_text("6 lines · 4 shown")
    server.lines("another order", "nothing of it")
    expect(some.rows).to_have_count(5)
    some.page.locator("#query-clear").click()
    expect(some.rows).to_have_count(8)


def test_case_can_matter_and_what_matches_can_be_hidden(some: TailPage) -> None:
    some.filter("Order")
    some.page.locator("#matchCase").click()
    some.shows("WARN Order 18 slow")
    some.page.locator("#invert").click()
    expect(some.rows).to_have_count(5)
    expect(some.row("Order 18")).to_have_count(0)


def test_patterns(some: TailPage, server: TailServer) -> None:
    some.page.locator("#regex").click()
    some.filter(r"order 1[79]\b")
    some.shows("ERROR order 17 failed", "INFO order 19 placed")
    server.lines("order 179", "ORDER 17 again")
    some.shows("ERROR order 17 failed", "INFO order 19 placed", "ORDER 17 again")


def test_what_is_no_pattern_is_told_and_hides_nothing(some: TailPage) -> None:
    some.page.locator("#regex").click()
    some.filter("order (")
    expect(some.page.locator("#problem")).to_contain_text("Invalid regular expression")
    expect(some.page.locator("#query")).to_have_attribute("aria-invalid", "true")
    expect(some.rows).to_have_count(6)
    some.filter("order")
    expect(some.page.locator("#problem")).to_be_empty()
    expect(some.rows).to_have_count(4)


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"^(\w+\s?)*$", "(a|aa)+$"])
def test_a_pattern_without_end_costs_200_ms_and_no_frame(
    pattern: str, some: TailPage, server: TailServer
) -> None:
    server.lines("a" * 60 + "!", *["word " * 12 + "!"] * 50)
    some.page.locator("#regex").click()
    some.filter(pattern)
    expect(some.page.locator("#problem")).to_contain_text("too slow")
    expect(some.page.locator("#counts")).to_have_text("57 lines · 57 shown")
    server.lines("still alive")
    expect(some.row("still alive")).to_be_visible()


def test_a_pattern_of_ten_thousand_characters_is_refused(some: TailPage) -> None:
    some.page.goto(f"{some.url}#re=1&q={'(a%2B)%2B' * 1500}")
    some.page.reload()
    expect(some.page.locator("#problem")).to_have_text("This pattern is too long.")


def test_levels_are_hidden_by_chips_and_no_level_is_one_of_them(some: TailPage) -> None:
    for level in ("error", "warn", "info", "debug"):
        some.chip(level).click()
        expect(some.chip(level)).to_have_attribute("aria-pressed", "false")
    some.shows("no level here", "path=/orders/17")
    some.chip("none").click()
    some.shows()
    some.chip("warn").click()
    some.shows("WARN Order 18 slow")


def test_shift_shows_only_errors_and_then_all(some: TailPage) -> None:
    some.chip("error").click(modifiers=["Shift"])
    some.shows("ERROR order 17 failed")
    assert some.page.url.endswith("#level=error")
    some.chip("none").click()
    some.shows("ERROR order 17 failed", "no level here", "path=/orders/17")
    some.chip("none").click()
    some.chip("error").click(modifiers=["Shift"])
    expect(some.rows).to_have_count(6)


def test_a_long_press_shows_only_one_too(some: TailPage) -> None:
    some.chip("error").click(button="right")
    some.shows("ERROR order 17 failed")


def test_chips_count_the_lines_of_a_level(some: TailPage, server: TailServer) -> None:
    expect(some.chip("error").locator(".count")).to_have_text("1")
    server.lines("ERROR again")
    expect(some.chip("error").locator(".count")).to_have_text("2")
    expect(some.chip("none").locator(".count")).to_have_text("2")
    expect(some.chip("app").locator(".count")).to_have_text("6")


def test_processes_and_streams_have_chips_once_there_are_two(
    some: TailPage, server: TailServer
) -> None:
    expect(some.chip("web")).to_have_count(0)
    expect(some.chip("stderr")).to_have_count(0)
    server.lines("boom", process="worker", tag="worker.1-abc", stream="stderr")
    server.lines("also", process="worker", tag="worker.1-abc")
    expect(some.chip("web").locator(".count")).to_have_text("5")
    expect(some.chip("worker").locator(".count")).to_have_text("2")
    expect(some.chip("stderr").locator(".count")).to_have_text("1")
    some.chip("worker").click()
    expect(some.rows).to_have_count(6)
    some.chip("worker").click(modifiers=["Shift"])
    some.shows("stderr boom", "also")
    some.chip("stderr").click(modifiers=["Shift"])
    some.shows("stderr boom")
    assert some.page.url.endswith("#process=worker&stream=stderr")
    server.lines("third", process="clock")  # comes later, and is not one that is asked for
    expect(some.chip("clock")).to_have_attribute("aria-pressed", "false")
    some.shows("stderr boom")


def test_sources_are_hidden_by_chips(some: TailPage) -> None:
    some.chip("app").click()
    some.shows("path=/orders/17")
    some.chip("router").click()
    expect(some.page.locator("#empty-text")).to_have_text("No line passes the filter.")
    some.page.get_by_role("button", name="Show all lines").click()
    expect(some.rows).to_have_count(6)
    expect(some.chip("app")).to_have_attribute("aria-pressed", "true")


def test_rows_about_gaps_pass_every_filter(some: TailPage, server: TailServer) -> None:
    some.filter("nothing has this")
    expect(some.rows).to_have_count(0)
    server.say(type="skipped", count=7)
    expect(some.rows).to_have_text(["7 lines skipped: this page read too slowly (Error L11)"])


@pytest.mark.slow
def test_a_filter_goes_through_hundred_thousand_lines_in_a_moment(
    tail: TailPage, server: TailServer
) -> None:
    tail.open()
    for start in range(0, 100_000, 2500):
        server.lines(*(f"line {number}." for number in range(start, start + 2500)))
    expect(tail.row("line 99999.")).to_be_visible()
    tail.filter("99999")
    tail.shows("line 99999.")
    tail.page.locator("#regex").click()
    tail.filter(r"line \d{1,2}\.")
    expect(tail.page.locator("#counts")).to_have_text("100,000 lines · 100 shown")


def test_a_line_is_shown_in_context_and_the_filter_comes_back(
    tail: TailPage, server: TailServer
) -> None:
    tail.open()
    server.lines(*(f"line {number}." for number in range(1000)))
    tail.filter("500.")
    tail.row("line 500.").locator(".time").click()
    expect(tail.row("line 500.")).to_be_in_viewport()
    expect(tail.row("line 505.")).to_be_in_viewport()
    expect(tail.row("line 500.")).to_have_class("row context")
    expect(tail.page.locator("#context")).to_contain_text("In context")
    tail.press("Escape")
    tail.shows("line 500.")
    expect(tail.page.locator("#context")).to_be_hidden()


def test_filters_are_in_the_address_and_no_server_sees_them(
    tail: TailPage, server: TailServer
) -> None:
    server.lines("ERROR secret-word 1", "INFO secret-word 2", "WARN secret-word 3", "other")
    tail.open("#q=secret-word&level=error,warn&hl=3")
    tail.shows("ERROR secret-word 1", "WARN secret-word 3")
    expect(tail.page.locator("mark.hl-1")).to_have_text("3")
    expect(tail.chip("info")).to_have_attribute("aria-pressed", "false")
    tail.chip("app").click()
    assert tail.page.url.endswith("#q=secret-word&level=error%2Cwarn&source=%21app&hl=3")
    tail.page.reload()
    expect(tail.page.locator("#query")).to_have_value("secret-word")
    expect(tail.chip("app")).to_have_attribute("aria-pressed", "false")
    asked = [str(request.raw_path) + str(request.headers) for request in server.requests]
    assert not [text for text in asked if "secret-word" in text]


def test_a_link_with_other_filters_is_followed_in_place(some: TailPage) -> None:
    some.evaluate("location.hash = 'q=cache'")
    some.shows("DEBUG cache miss")
    expect(some.page.locator("#query")).to_have_value("cache")

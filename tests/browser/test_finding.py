"""Finding by what lines are made of: pods, JSON, links, matches of a pattern, long lines."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.support.tail_lines import router_line, wire_line
from tests.support.tail_page import TailPage
from tests.support.tail_server import TailServer

ORDER = {
    "level": "error",
    "time": 1769860800123,
    "msg": "order failed",
    "order": {"id": 17, "tags": ["a", "b"]},
    "user": "anna",
    "reason": None,
}


@pytest.fixture
def some(tail: TailPage, server: TailServer) -> TailPage:
    server.wires(
        [
            wire_line(json.dumps(ORDER), tag="web.1-aaaaa"),
            wire_line(json.dumps({**ORDER, "user": "bert"}), tag="web.1-bbbbb"),
            wire_line("user anna is no JSON", tag="web.1-bbbbb"),
            router_line("path=/"),
        ]
    )
    tail.open()
    expect(tail.rows).to_have_count(4)
    return tail


def test_json_is_shown_as_its_message_and_its_fields(some: TailPage) -> None:
    text = 'order failed order.id=17 order.tags=["a","b"] user=anna reason=null'
    expect(some.rows.first.locator(".text")).to_have_text(text)
    expect(some.rows.first.locator(".badge")).to_have_text("ERROR")
    some.set_display("json", False)
    expect(some.rows.first.locator(".text")).to_have_text(json.dumps(ORDER))


def test_a_click_on_a_value_shows_only_lines_with_it(some: TailPage) -> None:
    some.rows.nth(1).locator(".value", has_text="bert").click()
    expect(some.rows).to_have_count(1)
    expect(some.page.locator("#fields button")).to_have_text("user=bert")
    assert some.page.url.endswith("#is=user%3Dbert")
    some.page.reload()
    expect(some.rows).to_have_count(1)
    some.page.locator("#fields button").click()
    expect(some.rows).to_have_count(4)
    expect(some.page.locator("#detail")).to_be_hidden()


def test_a_click_on_a_key_shows_only_lines_that_have_it(some: TailPage) -> None:
    some.rows.first.locator(".key", has_text="order.id").click()
    expect(some.rows).to_have_count(2)
    some.rows.first.locator(".value", has_text="anna").click()
    expect(some.page.locator("#fields button")).to_have_text(["order.id", "user=anna"])
    expect(some.rows).to_have_count(1)
    some.press("Escape")
    expect(some.rows).to_have_count(2)


def test_a_click_on_a_tag_shows_only_this_pod(some: TailPage) -> None:
    some.rows.nth(2).locator(".tag").click()
    expect(some.rows).to_have_count(2)
    expect(some.page.locator("#fields button")).to_have_text("tag=web.1-bbbbb")
    some.press("Escape")
    some.rows.nth(3).locator(".tag").click()
    some.shows("path=/")


def test_a_json_key_may_be_called_as_the_pod_s(tail: TailPage, server: TailServer) -> None:
    server.lines('{"msg":"one","tag":"red"}', '{"msg":"two","tag":"blue"}')
    tail.open()
    tail.page.locator(".value", has_text="red").click()
    tail.shows("one tag=red")


def test_the_detail_pane_filters_too_with_keys_alone(some: TailPage) -> None:
    some.press("k")
    some.press("k")
    some.press("k")
    some.press("Enter")
    value = some.page.locator("#detail .json [data-value=bert]")
    value.focus()
    some.press("Enter")
    expect(some.rows).to_have_count(1)
    some.page.locator("#detail .link").click()
    expect(some.page.locator("#fields button")).to_have_text(["user=bert", "tag=web.1-bbbbb"])


def test_fields_of_a_router_s_line_filter_from_the_detail_pane(
    tail: TailPage, server: TailServer
) -> None:
    server.wires([router_line(f"method=GET status={n} path=/{n}") for n in (200, 503, 404, 503)])
    tail.open()
    tail.rows.nth(1).locator(".text").click()
    tail.page.locator("#detail").get_by_role("button", name="503", exact=True).click()
    tail.shows(*["method=GET status=503 path=/503"] * 2)
    expect(tail.page.locator("#fields button")).to_have_text("status=503")


def test_matches_of_a_pattern_are_marked(some: TailPage, server: TailServer) -> None:
    some.page.locator("#regex").click()
    some.filter(r"ann[a]|\bb\w+t\b")
    marks = some.page.locator("mark.found")
    expect(marks).to_have_text(["anna", "bert", "anna"])
    server.lines("later anna")
    expect(marks).to_have_text(["anna", "bert", "anna", "anna"])
    some.filter("x*")  # is found everywhere, and marks nothing
    expect(some.rows).to_have_count(5)
    expect(marks).to_have_count(0)


def test_links_lead_to_web_pages_and_say_nothing_of_this_one(
    tail: TailPage, server: TailServer
) -> None:
    server.lines(
        "see https://a.example/x?y=1 (or http://b.example/z).",
        "javascript:alert(1) ftp://c.example file:///etc/passwd https://user:pw@d.example/",
        "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07 here",
        '{"msg":"at https://e.example/","url":"https://f.example/"}',
    )
    tail.open()
    links = tail.page.locator("#rows a")
    expect(links).to_have_text(
        [
            *("https://a.example/x?y=1", "http://b.example/z"),
            *("https://e.example/", "https://f.example/"),
        ]
    )
    first = links.first
    expect(first).to_have_attribute("href", "https://a.example/x?y=1")
    expect(first).to_have_attribute("rel", "noopener noreferrer")
    tail.filter("a.exam")
    expect(first.locator("mark")).to_have_text("a.exam")


def test_a_long_line_is_cut_to_twelve_rows_and_shown_on_demand(
    tail: TailPage, server: TailServer
) -> None:
    tail.open()
    tail.press("w")
    server.lines("start " + "word " * 12_000 + "end", "the next")
    text, more = tail.rows.first.locator(".text"), tail.page.locator(".expand")
    expect(more).to_have_text("more: 60,009 characters")
    expect(text).to_have_css("height", "240px")
    more.click()
    expect(more).to_have_text("less")
    expect(text).to_contain_text("end")
    tail.press("Home")
    more.click()
    expect(text).to_have_css("height", "240px")
    expect(tail.row("the next")).to_be_in_viewport()


def test_ctrl_f_goes_to_the_filter_box_and_then_to_the_browser(some: TailPage) -> None:
    some.evaluate("addEventListener('keydown', (e) => { window.isTaken = e.defaultPrevented })")
    some.press("Control+f")
    expect(some.page.locator("#query")).to_be_focused()
    assert some.evaluate("window.isTaken")
    some.press("Control+f")
    assert not some.evaluate("window.isTaken")


def test_the_badge_does_not_repeat_the_line_s_own_word(tail: TailPage, server: TailServer) -> None:
    server.lines("ERROR payment failed", "error: payment failed")
    tail.open()
    expect(tail.page.locator(".badge")).to_have_text(["", "ERROR"])


def test_more_lines_are_chosen_with_keys(some: TailPage) -> None:
    for key in ("k", "K", "K"):
        some.press(key)
    expect(some.page.locator("#selected-count")).to_have_text("3 lines selected")
    some.press("J")
    expect(some.page.locator("#selected-count")).to_have_text("2 lines selected")


@pytest.mark.parametrize(("width", "height", "least"), [(320, 640, 380), (640, 400, 280)])
def test_small_windows_have_all_controls_and_most_of_it_for_lines(
    width: int, height: int, least: int, some: TailPage
) -> None:
    some.page.set_viewport_size({"width": width, "height": height})
    for name in ("#pause", "#clear", "#display summary", "#help-button", "#invert"):
        box = some.page.locator(name).bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= box["x"] + box["width"] <= width, name
    assert some.log.evaluate("e => e.clientHeight") >= least


def test_this_pod_s_trace_of_five_minutes_ago_is_two_actions_away(
    tail: TailPage, server: TailServer
) -> None:
    def wires(number: int) -> list[dict[str, str]]:
        tag = f"web.1-pod{number % 3}"
        if number % 400:
            return [wire_line(f"INFO request {number}", tag=tag)]
        return [wire_line(text, tag=tag) for text in _trace_of(number)]

    server.wires([line for number in range(1, 3000) for line in wires(number)])
    tail.open()
    expect(tail.row("request 2999")).to_be_visible()
    tail.chip("error").click(modifiers=["Shift"])
    tail.row("request 800 failed").locator(".tag").click()
    tail.shows(*_trace_of(800), *_trace_of(2000))


def _trace_of(number: int) -> list[str]:
    return [
        f"ERROR request {number} failed",
        "Traceback (most recent call last):",
        "  File x",
        "KeyError: 'x'",
    ]

"""Nothing is lost by a slip of the finger, nor by a session that ends."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.tail_lines import wire_line
from tests.support.tail_page import TailPage
from tests.support.tail_server import AGAIN, ANOTHER_PATH, TailServer

_CAN_BE_HIDDEN = """
    window.isHidden = false;
    Object.defineProperty(document, "hidden", { get: () => window.isHidden });
"""
_HIDE = "window.isHidden = true; document.dispatchEvent(new Event('visibilitychange'))"
_SHOW = "window.isHidden = false; document.dispatchEvent(new Event('visibilitychange'))"


@pytest.fixture
def three(tail: TailPage, server: TailServer) -> TailPage:
    tail.page.clock.install()
    server.lines("one", "ERROR two", "three")
    tail.open()
    expect(tail.rows).to_have_count(3)
    return tail


def test_clear_hides_the_lines_and_undo_brings_them_back(
    three: TailPage, server: TailServer
) -> None:
    three.press("c")
    expect(three.rows).to_have_count(0)
    expect(three.page.locator("#counts")).to_have_text("0 lines")
    expect(three.page.locator("#cleared")).to_contain_text("3 lines cleared. Undo (u)")
    server.lines("four")
    three.shows("four")
    three.press("u")
    three.shows("one", "ERROR two", "three", "four")
    expect(three.page.locator("#cleared")).to_be_hidden()
    expect(three.page.locator("#counts")).to_have_text("4 lines")
    expect(three.chip("error").locator(".count")).to_have_text("1")
    assert len(server.queries) == 1  # the stream went on


def test_who_cleared_twice_has_all_back(three: TailPage, server: TailServer) -> None:
    three.press("c")
    server.lines("four")
    three.shows("four")
    three.press("c")
    expect(three.page.locator("#cleared-count")).to_have_text("4 lines cleared.")
    three.page.locator("#undo").click()
    three.shows("one", "ERROR two", "three", "four")


def test_undo_is_offered_for_ten_seconds(three: TailPage) -> None:
    three.press("c")
    three.page.clock.fast_forward(9_000)
    expect(three.page.locator("#cleared")).to_be_visible()
    three.page.clock.fast_forward(1_500)
    expect(three.page.locator("#cleared")).to_be_hidden()
    three.press("u")
    expect(three.rows).to_have_count(0)


def test_undo_brings_the_reader_back_to_where_they_stood(
    three: TailPage, server: TailServer
) -> None:
    server.lines(*(f"line {number}." for number in range(300)))
    expect(three.row("line 299.")).to_be_in_viewport()
    three.press("PageUp")
    three.press("PageUp")
    expect(three.row("line 235.")).to_be_in_viewport()
    before = three.row("line 235.").bounding_box()
    three.press("c")
    expect(three.rows).to_have_count(0)
    three.press("u")
    expect(three.row("line 235.")).to_be_in_viewport()
    expect(three.page.locator("#paused")).to_be_visible()
    assert three.row("line 235.").bounding_box() == before


def test_what_falls_out_while_cleared_is_counted_after_undo(
    three: TailPage, server: TailServer
) -> None:
    three.press("c")
    for _ in range(40):
        server.lines(*(["x"] * 2500))
    expect(three.page.locator("#counts")).to_have_text("100,000 lines")
    three.press("u")
    expect(three.page.locator("#counts")).to_have_text("100,000 lines · 3 fell out")


def test_who_types_stays_in_the_box(three: TailPage) -> None:
    three.press("h")
    three.page.keyboard.type("one\n")
    three.page.keyboard.type("cache\n")
    expect(three.page.locator(".term")).to_have_text(["one", "cache"])
    three.shows("one", "ERROR two", "three")
    three.page.keyboard.type("a\nb\nc\nuwc")  # five are enough, and still nothing is a command
    expect(three.page.locator(".term")).to_have_text(["one", "cache", "a", "b", "c"])
    three.shows("one", "ERROR two", "three")
    three.press("Escape")
    three.press("c")
    expect(three.rows).to_have_count(0)


@pytest.mark.parametrize("name", ["#regex", "#matchCase", "#invert", "[data-name=error]"])
def test_a_click_beside_the_box_leaves_the_focus_in_it(name: str, three: TailPage) -> None:
    three.press("/")
    three.page.keyboard.type("o")
    three.page.locator(name).click()
    three.page.keyboard.type("cw")
    expect(three.page.locator("#query")).to_have_value("ocw")
    expect(three.page.locator("html")).to_have_attribute("data-wrap", "false")


def test_a_highlight_that_is_removed_leaves_the_focus_in_the_box(three: TailPage) -> None:
    three.press("h")
    three.page.keyboard.type("one\ntwo\n")
    three.page.locator(".term").first.click()
    three.page.keyboard.type("cache\n")
    expect(three.page.locator(".term")).to_have_text(["two", "cache"])


def test_a_quiet_page_that_is_seen_goes_on_by_itself(three: TailPage, server: TailServer) -> None:
    server.say(type="bye", reason="idle")
    server.lines("four")
    three.shows("one", "ERROR two", "three", "four")
    expect(three.page.locator("#state")).to_have_text("Live")
    assert len(server.queries) == 2
    assert server.queries[1] == {"after": server.sent[2]["id"]}


def test_a_quiet_page_in_the_background_goes_on_when_it_is_seen(
    tail: TailPage, server: TailServer
) -> None:
    tail.page.add_init_script(_CAN_BE_HIDDEN)
    tail.open()
    tail.evaluate(_HIDE)
    server.say(type="bye", reason="idle")
    expect(tail.page.locator("#state")).to_have_text("Resting")
    server.lines("meanwhile")
    assert len(server.queries) == 1
    tail.evaluate(_SHOW)
    tail.shows("meanwhile")
    expect(tail.page.locator("#state")).to_have_text("Live")
    expect(tail.page.locator("#over")).to_be_hidden()


@pytest.mark.parametrize("reason", ["over", "revoked"])
def test_who_has_no_login_gets_the_line_to_copy(
    reason: str, three: TailPage, server: TailServer
) -> None:
    three.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(three.page.locator("#pause")).to_be_enabled()
    server.say(type="bye", reason=reason)
    expect(three.page.locator("#over")).to_contain_text("Session over")
    expect(three.page.locator("#pause")).to_be_disabled()
    expect(three.page.locator("#again")).to_be_hidden()
    three.page.locator("#again-copy").click()
    expect(three.page.locator("#toast")).to_have_text("Copied the command")
    assert three.evaluate("navigator.clipboard.readText()") == (
        'curl -s -H "Authorization: $AUTH_KEY" http://testserver/log-sessions '
        '-d \'{"app": "gold", "space": "gs", "lines": 100}\''
    )


def test_who_is_logged_in_opens_it_again_and_keeps_the_lines(
    three: TailPage, server: TailServer
) -> None:
    server.is_logged_in = True
    three.filter("e")
    server.say(type="bye", reason="over")
    three.page.locator("#again").click()
    expect(three.page.locator("#state")).to_have_text("Live")
    server.say(type="backlog-end")
    server.lines("line four")
    three.shows("one", "ERROR two", "three", "line four")
    expect(three.rows.nth(3)).to_have_text("The stream ended here")
    expect(three.rows.nth(4)).to_have_text("Opened again")
    assert three.page.url == f"{server.origin}{ANOTHER_PATH}#q=e"
    expect(three.page.locator("#over")).to_be_hidden()
    expect(three.page.locator("#pause")).to_be_enabled()


def test_lines_that_may_be_missing_after_it_was_opened_again_are_told(
    three: TailPage, server: TailServer
) -> None:
    server.is_logged_in = True
    server.say(type="bye", reason="over")
    expect(three.page.locator("#again")).to_be_visible()
    server.sent = [wire_line("much later")]
    three.page.locator("#again").click()
    three.shows("one", "ERROR two", "three", "much later")
    expect(three.rows.nth(4)).to_have_text("Opened again: lines may be missing here")


def test_one_that_cannot_be_opened_again_is_told_with_the_line_to_copy(
    three: TailPage, server: TailServer
) -> None:
    server.is_logged_in = True
    three.page.route(
        f"**{AGAIN}",
        lambda route: (
            route.fulfill(status=429, json={"detail": "200 are open"})
            if route.request.method == "POST"
            else route.continue_()
        ),
    )
    server.say(type="bye", reason="over")
    three.page.locator("#again").click()
    expect(three.page.locator("#toast")).to_have_text("It was not opened: 200 are open")
    expect(three.page.locator("#again-line")).to_be_visible()

"""Following the end, and the pause that nobody can miss."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.support.tail_page import TailPage
from tests.support.tail_server import TailServer

WAYS_TO_PAUSE: dict[str, Callable[[TailPage], object]] = {
    "space": lambda tail: tail.press("Space"),
    "button": lambda tail: tail.page.locator("#pause").click(),
    "page up": lambda tail: tail.press("PageUp"),
    "home": lambda tail: tail.press("Home"),
    "wheel": lambda tail: _wheel(tail, -60),
    "scroll bar": lambda tail: tail.log.evaluate("e => { e.scrollTop -= 300 }"),
    "line": lambda tail: tail.rows.last.locator(".text").click(),
}
WAYS_TO_RESUME: dict[str, Callable[[TailPage], object]] = {
    "space": lambda tail: tail.press("Space"),
    "button": lambda tail: tail.page.locator("#pause").click(),
    "bar": lambda tail: tail.page.locator("#paused").click(),
    "end": lambda tail: tail.press("End"),
    "wheel": lambda tail: _wheel(tail, 100_000),
    "scroll bar": lambda tail: tail.log.evaluate("e => { e.scrollTop = e.scrollHeight }"),
}


def _wheel(tail: TailPage, pixels: int) -> None:
    tail.log.hover()
    tail.page.mouse.wheel(0, pixels)


def _numbered(start: int, end: int) -> list[str]:
    return [f"line {number}." for number in range(start, end)]


@pytest.fixture
def full(tail: TailPage, server: TailServer) -> TailPage:
    """More lines than fit."""
    tail.open()
    server.lines(*_numbered(0, 200))
    expect(tail.row("line 199.")).to_be_in_viewport()
    return tail


@pytest.mark.parametrize("way", WAYS_TO_PAUSE)
def test_a_move_away_from_the_end_pauses(way: str, full: TailPage, server: TailServer) -> None:
    expect(full.page.locator("#paused")).to_be_hidden()
    WAYS_TO_PAUSE[way](full)
    bar = full.page.locator("#paused")
    expect(bar).to_be_visible()
    top = full.log.evaluate("e => e.scrollTop")
    server.lines(*_numbered(200, 1404))
    expect(bar).to_have_text("Paused – 1,204 new lines. Resume (End)")
    expect(full.page.locator("#pause")).to_have_text("Resume")
    expect(full.page.locator("#counts")).to_have_text("1,404 lines")
    assert full.log.evaluate("e => e.scrollTop") == pytest.approx(top, abs=2)


@pytest.mark.parametrize("way", WAYS_TO_RESUME)
def test_a_pause_ends_at_the_end(way: str, full: TailPage, server: TailServer) -> None:
    full.press("PageUp")
    server.lines(*_numbered(200, 300))
    expect(full.page.locator("#paused-count")).to_have_text("100 new lines")
    WAYS_TO_RESUME[way](full)
    expect(full.page.locator("#paused")).to_be_hidden()
    expect(full.row("line 299.")).to_be_in_viewport()
    server.lines("the newest")
    expect(full.row("the newest")).to_be_in_viewport()
    expect(full.page.locator("#pause")).to_have_text("Pause")


def test_a_higher_window_and_a_shorter_list_do_not_pause(full: TailPage) -> None:
    bar, problem = full.page.locator("#paused"), full.page.locator("#problem")
    full.page.locator("#regex").click()
    for pattern in ("([", "line 1", "([", "."):
        full.filter(pattern)
        if pattern == "([":
            expect(problem).not_to_be_empty()
        else:
            expect(problem).to_be_empty()
        expect(full.row("line 199.")).to_be_in_viewport()
        expect(bar).to_be_hidden()
    full.page.set_viewport_size({"width": 1280, "height": 1200})
    expect(full.row("line 199.")).to_be_in_viewport()
    expect(bar).to_be_hidden()


def test_a_pause_in_a_flood_holds_at_the_first_touch_of_the_wheel(
    full: TailPage, server: TailServer
) -> None:
    full.evaluate("setInterval(() => { window.tops.push(log.scrollTop) }, 20); window.tops = []")
    for start in range(200, 2200, 100):
        server.lines(*_numbered(start, start + 100))
        if start == 1000:
            _wheel(full, -40)
            expect(full.page.locator("#paused")).to_be_visible()
            full.evaluate("window.tops = []")
    expect(full.page.locator("#counts")).to_have_text("2,200 lines")
    tops = full.evaluate("window.tops")
    assert max(tops) - min(tops) <= 40


def test_lines_can_be_selected_with_the_mouse_while_others_come(
    full: TailPage, server: TailServer
) -> None:
    box = full.row("line 199.").locator(".text").bounding_box()
    assert box is not None
    full.page.mouse.move(box["x"] + 1, box["y"] + 8)
    full.page.mouse.down()
    full.page.mouse.move(box["x"] + box["width"], box["y"] + 8, steps=5)
    full.page.mouse.up()
    expect(full.page.locator("#paused")).to_be_visible()
    server.lines(*_numbered(200, 500))
    expect(full.page.locator("#counts")).to_have_text("500 lines")
    assert "line 199" in full.evaluate("String(getSelection())")


def test_what_falls_out_unseen_is_told(full: TailPage, server: TailServer) -> None:
    full.press("Space")
    for start in range(0, 101_000, 2525):
        server.lines(*(["x"] * 2525))
        expect(full.page.locator("#paused")).to_be_visible()
        del start
    expect(full.page.locator("#paused-count")).to_have_text(
        "100,000 new lines (1,000 more fell out)"
    )


def test_the_same_lines_stay_in_sight_while_older_ones_fall_out(
    full: TailPage, server: TailServer
) -> None:
    for _ in range(40):
        server.lines(*(["x"] * 2495))  # 200 less than the page holds
    server.lines(*_numbered(1000, 1100))
    expect(full.row("line 1099.")).to_be_in_viewport()
    full.press("PageUp")
    expect(full.row("line 1050.")).to_be_in_viewport()
    before = full.row("line 1050.").bounding_box()
    server.lines(*(["y"] * 1000))
    expect(full.page.locator("#counts")).to_contain_text("100,000 lines · 1,100 fell out")
    after = full.row("line 1050.").bounding_box()
    assert before is not None
    assert after is not None
    assert after["y"] == pytest.approx(before["y"], abs=1)

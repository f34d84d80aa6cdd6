"""Lines as they come and look."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.support.tail_lines import router_line, sample
from tests.support.tail_page import TailPage
from tests.support.tail_server import NAME, TailServer

LEVELS = {
    "error": [
        "ERROR payment failed",
        '{"level":"error","msg":"x"}',
        "ts=1 level=fatal msg=x",
        '{"level":50,"msg":"pino"}',
        "[CRITICAL] disk",
        "E0131 12:00:00.1 kube.go:1] x",
        "error: no such file",
        "\x1b[31mERROR\x1b[0m in colour",
        "Traceback (most recent call last):",
        'Exception in thread "main" java.lang.IllegalStateException: x',
        "java.lang.NullPointerException: x",
        "an unhandled exception has occurred",
        "GET /orders 500 Internal Server Error",
        '{"event":"' + "x" * 500 + '","level":"error"}',
        '{"@l":"Fatal","@m":"x"}',
    ],
    "warn": ["WARN slow", "level=warning msg=x", '{"severity":"WARNING"}', "[warn] x"],
    "info": [
        "INFO started",
        "info: ready",
        '{"log.level":"info"}',
        "2026 NOTICE x",
        '{"levelname":"INFO"}',
    ],
    "debug": ["DEBUG cache miss", "level=trace", '{"lvl":"debug"}'],
    "": ["GET /errors 200", "an informal note", "warned nobody", "level up", "{}", "", "debugger"],
}


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
    expect(tail.page.locator("#time-left")).to_have_text("58 min left")


def test_the_past_comes_first_and_a_row_tells_where_it_ends(
    tail: TailPage, server: TailServer
) -> None:
    server.wires(sample(30))
    tail.open()
    expect(tail.rows).to_have_count(30)
    server.say(type="backlog-end")
    expect(tail.rows.last).to_have_text("Live from here")


def test_filters_of_the_session_itself_are_told(tail: TailPage, server: TailServer) -> None:
    server.hello = {"filters": {"source": ["app"], "process": [], "stream": [], "q": "order"}}
    tail.open()
    expect(tail.page.locator("#only")).to_have_text("source: app · q: order")


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level or "none")
def test_a_level_is_found_in_the_text(level: str, tail: TailPage, server: TailServer) -> None:
    tail.open()
    server.lines(*LEVELS[level])
    expect(tail.rows).to_have_count(len(LEVELS[level]))
    found = tail.evaluate("[...document.querySelectorAll('.row')].map(r => r.dataset.level ?? '')")
    assert found == [level] * len(LEVELS[level])


def test_a_router_s_line_is_as_bad_as_its_status(tail: TailPage, server: TailServer) -> None:
    tail.open()
    server.wires(
        [router_line(f"method=GET status={status} path=/error") for status in (200, 404, 503)]
    )
    expect(tail.rows).to_have_count(3)
    found = tail.evaluate("[...document.querySelectorAll('.row')].map(r => r.dataset.level ?? '')")
    assert found == ["", "warn", "error"]


def test_lines_of_stderr_and_of_the_router_are_told_apart(
    tail: TailPage, server: TailServer
) -> None:
    tail.open()
    server.lines("boom", stream="stderr")
    server.wires([router_line("path=/")])
    expect(tail.row("boom").locator(".stderr")).to_have_text("stderr")
    expect(tail.row("boom").locator(".tag")).to_have_text("web.6ktnc")
    expect(tail.row("path=/").locator(".tag")).to_have_text("router")


def test_colours_of_the_app_are_shown_and_can_be_switched_off(
    tail: TailPage, server: TailServer
) -> None:
    tail.open()
    server.lines("\x1b[1;31mred\x1b[0m \x1b[38;5;22mpalette\x1b[39m \x1b[38;2;1;2;3mrgb\x1b[m end")
    tail.shows("red palette rgb end")
    expect(tail.page.get_by_text("red", exact=True)).to_have_class("sgr bold fg-1")
    palette = tail.page.get_by_text("palette", exact=True)
    expect(palette).to_have_attribute("style", re.compile(r"rgb\(0, 95, 0\)"))
    tail.press("a")
    expect(tail.page.locator(".sgr")).to_have_count(0)
    tail.shows("red palette rgb end")


def test_times_are_local_or_utc_or_off(tail: TailPage, server: TailServer) -> None:
    tail.open()
    server.lines("one", time="2026-01-31T12:00:00.123456Z")
    time = tail.page.locator(".time")
    expect(time).to_have_text(re.compile(r"(01-31 )?13:00:00\.123$"))  # Berlin
    tail.press("t")
    expect(time).to_have_text(re.compile(r"(01-31 )?12:00:00\.123$"))
    tail.set_display("hour12", True)
    expect(time).to_have_text(re.compile("12:00:00.123 pm$"))
    tail.press("t")
    expect(time).to_have_count(0)


def test_long_lines_wrap_when_asked(tail: TailPage, server: TailServer) -> None:
    tail.open()
    server.lines("word " * 200)
    row = tail.rows.first
    expect(row).to_be_visible()
    one = row.bounding_box()
    tail.press("w")
    expect(tail.page.locator("html")).to_have_attribute("data-wrap", "true")
    many = row.bounding_box()
    assert one is not None
    assert many is not None
    assert one["height"] == 20 < many["height"]
    assert many["width"] <= 1280


def test_wrapped_lines_end_at_the_window_s_end(tail: TailPage, server: TailServer) -> None:
    tail.open()
    tail.press("w")
    server.lines(*(f"{number} " + "wörter 日本語 " * (number % 60) for number in range(400)))
    expect(tail.row("399 ")).to_be_in_viewport()
    assert tail.distance_to_end() < 2
    tail.press("Home")
    expect(tail.rows.first).to_contain_text("0 ")


def test_settings_are_kept_by_the_browser_and_name_no_app(
    tail: TailPage, server: TailServer
) -> None:
    tail.open()
    tail.set_display("theme", "dark")
    tail.press("+")
    tail.page.reload()
    expect(tail.page.locator("html")).to_have_attribute("data-theme", "dark")
    server.lines("one")
    expect(tail.page.locator("#rows")).to_have_css("font-size", "14px")
    kept = tail.evaluate("JSON.stringify(localStorage)")
    assert NAME not in kept


@pytest.mark.parametrize(("theme", "ground"), [("light", 255), ("dark", 16)])
def test_the_system_s_mode_is_followed_unless_another_is_chosen(
    theme: str, ground: int, tail: TailPage
) -> None:
    tail.page.emulate_media(color_scheme="dark" if theme == "light" else "light")
    tail.open()
    tail.set_display("theme", theme)
    expect(tail.page.locator("main")).to_have_css(
        "background-color", re.compile(rf"rgb\({ground}, ")
    )


def test_hundred_thousand_lines_are_held_and_those_that_fall_out_are_counted(
    tail: TailPage, server: TailServer
) -> None:
    tail.open()
    for start in range(0, 100_500, 2500):
        server.lines(*(f"line {start + index} " for index in range(min(2500, 100_500 - start))))
    expect(tail.row("line 100499 ")).to_be_in_viewport()
    expect(tail.page.locator("#counts")).to_have_text("100,000 lines · 500 fell out")
    tail.press("Home")
    expect(tail.row("line 500 ")).to_be_in_viewport()
    expect(tail.page.locator("#lead-text")).to_have_text(
        "500 older lines fell out: this page holds 100,000"
    )
    assert tail.rows.count() < 120

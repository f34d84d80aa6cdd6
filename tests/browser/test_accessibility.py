"""axe finds nothing, in any state of the page, light or dark, wide or narrow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.support.tail_lines import sample, wire_line
from tests.support.tail_page import TailPage
from tests.support.tail_server import TailServer

JSON = '{"level":"info","msg":"order placed","n":[1,null]}'
COLOURED = [
    wire_line(
        f"{level} \x1b[31mred \x1b[33myellow \x1b[90mgrey \x1b[38;5;202morange "
        "\x1b[38;2;120;120;120mgrey \x1b[38;2;80;160;255mblue\x1b[0m https://a.example"
    )
    for level in ("ERROR", "WARN", "INFO")
]
STATES: dict[str, Callable[[TailPage, TailServer], object]] = {
    "live": lambda tail, server: None,
    "paused": lambda tail, server: tail.press("Space"),
    "filtered": lambda tail, server: tail.filter("order"),
    "bad pattern": lambda tail, server: _bad_pattern(tail),
    "nothing passes": lambda tail, server: tail.filter("no line has this"),
    "highlighted": lambda tail, server: _highlight(tail),
    "detail": lambda tail, server: _detail(tail),
    "range": lambda tail, server: _range(tail),
    "context": lambda tail, server: tail.rows.last.locator(".time").click(),
    "help": lambda tail, server: tail.press("?"),
    "display": lambda tail, server: tail.page.locator("#display summary").click(),
    "download": lambda tail, server: tail.page.locator("#downloads summary").click(),
    "older cannot be had": lambda tail, server: _no_older(tail, server),
    "go to a time": lambda tail, server: tail.press("g"),
    "the past": lambda tail, server: _rest_in_the_past(tail, server),
    "gaps": lambda tail, server: _gaps(server),
    "over": lambda tail, server: _over(tail, server),
    "over and logged in": lambda tail, server: _over(tail, server, is_logged_in=True),
    "cleared": lambda tail, server: tail.press("c"),
    "one pod": lambda tail, server: tail.rows.last.locator(".tag").click(),
    "waiting": lambda tail, server: _cut_off(server),
    "wrapped": lambda tail, server: tail.set_display("wrap", True),
    "cut": lambda tail, server: _cut(tail, server),
    "folded": lambda tail, server: tail.press("f"),
}


def _bad_pattern(tail: TailPage) -> None:
    tail.page.locator("#regex").click()
    tail.filter("(")
    expect(tail.page.locator("#problem")).not_to_be_empty()


def _highlight(tail: TailPage) -> None:
    for term in ("ERROR", "order", "GET", "200", "ms"):
        tail.press("h")
        tail.page.keyboard.type(term)
        tail.press("Enter")
        tail.press("Escape")


def _detail(tail: TailPage) -> None:
    tail.row("order placed").locator(".text").click(position={"x": 20, "y": 8})  # no field
    expect(tail.page.locator("#detail")).to_be_visible()


def _range(tail: TailPage) -> None:
    tail.rows.nth(-4).locator(".text").click()
    tail.press("Escape")
    tail.rows.nth(-2).locator(".text").click(modifiers=["Shift"])
    expect(tail.page.locator("#selected")).to_be_visible()


def _gaps(server: TailServer) -> None:
    server.say(type="skipped", count=1204)
    server.say(type="gap", reason="Kafka no longer has the lines after the last one")


def _cut(tail: TailPage, server: TailServer) -> None:
    tail.set_display("wrap", True)
    server.lines("word " * 3000)
    expect(tail.page.locator(".expand")).to_be_visible()


def _over(tail: TailPage, server: TailServer, is_logged_in: bool = False) -> None:
    server.is_logged_in = is_logged_in
    server.say(type="bye", reason="revoked")
    expect(tail.page.locator("#again" if is_logged_in else "#again-line")).to_be_visible()


def _no_older(tail: TailPage, server: TailServer) -> None:
    server.has_older = False
    tail.press("o")
    tail.press("Home")
    expect(tail.page.locator("#older")).to_have_text("Try again")


def _rest_in_the_past(tail: TailPage, server: TailServer) -> None:
    server.say(type="gap", reason="no more is read at once", id="t1")
    expect(tail.page.locator("#past")).to_be_visible()


def _cut_off(server: TailServer) -> None:
    server.takes_sockets = False
    server.cut()


@pytest.mark.parametrize(
    ("theme", "width"),
    [
        ("light", 1280),
        pytest.param("dark", 390, marks=pytest.mark.slow),
        pytest.param("dark", 1280, marks=pytest.mark.slow),
        pytest.param("light", 390, marks=pytest.mark.slow),
    ],
)
def test_nothing_is_found(
    theme: Literal["light", "dark"], width: int, tail: TailPage, server: TailServer
) -> None:
    tail.page.set_viewport_size({"width": width, "height": 800})
    tail.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    server.older = sample(10)
    server.wires([*sample(60), *COLOURED, wire_line(JSON)])
    found = {}
    for name, bring_about in STATES.items():
        server.takes_sockets = True
        tail.open()
        expect(tail.row("order placed")).to_be_visible()
        bring_about(tail, server)
        violations = Axe().run(tail.page).response["violations"]
        if violations:
            found[name] = [
                (fault["id"], fault["impact"], [node["html"][:150] for node in fault["nodes"]][:3])
                for fault in violations
            ]
        tail.page.goto("about:blank")
    assert not found

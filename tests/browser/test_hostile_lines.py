"""Lines that want to be more than text stay text."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.support.payloads import PAYLOADS, SHORT
from tests.support.tail_lines import wire_line
from tests.support.tail_page import TailPage
from tests.support.tail_server import TailServer

# What the page itself makes of lines.
ELEMENTS = {"DIV", "SPAN", "MARK", "BUTTON", "DL", "DT", "DD", "H3", "PRE", "P", "TIME", "A"}
ATTRIBUTES = {"class", "style", "title", "type", "aria-label", "aria-hidden", "role", "tabindex"}
ATTRIBUTES |= {"aria-expanded", "hidden", "href", "target", "rel"}
_FOUND = """
    (() => {
      const all = [...document.querySelectorAll("#rows *, #detail-body *, #highlights *")];
      const attributes = all.flatMap((e) => [...e.attributes].map((a) => a.name));
      return { elements: [...new Set(all.map((e) => e.tagName))],
               attributes: [...new Set(attributes)].filter((a) => !a.startsWith("data-")) };
    })()
"""
_LINKS = "[...document.querySelectorAll('main a')].map((e) => [e.protocol, e.rel, e.username])"
_STYLES = "[...document.querySelectorAll('#rows [style]')].map((e) => e.getAttribute('style'))"


def _nothing_but_text(tail: TailPage) -> None:
    found = tail.evaluate(_FOUND)
    assert set(found["elements"]) <= ELEMENTS
    assert set(found["attributes"]) <= ATTRIBUTES
    assert not [style for style in tail.evaluate(_STYLES) if "url" in style or "fixed" in style]
    links = {tuple(link) for link in tail.evaluate(_LINKS)}
    assert links <= {(f"{scheme}:", "noopener noreferrer", "") for scheme in ("http", "https")}
    assert tail.evaluate("({}).polluted") is None
    assert tail.page.url.startswith(tail.url)
    assert tail.page.title() == "gold-gs · tail"
    assert tail.faults() == []


def _parts(size: int) -> Iterator[list[str]]:
    for start in range(0, len(PAYLOADS), size):
        yield PAYLOADS[start : start + size]


def test_there_are_enough_of_them() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 200


def test_hostile_lines_are_shown_as_text(tail: TailPage, server: TailServer) -> None:
    tail.open()
    for number, part in enumerate(_parts(25)):
        server.lines(*part, f"end of part {number}.")
        expect(tail.row(f"end of part {number}.")).to_be_in_viewport()
        _nothing_but_text(tail)


def test_hostile_lines_are_text_when_wrapped_and_in_detail(
    tail: TailPage, server: TailServer
) -> None:
    tail.open()
    tail.press("w")
    some = [text for text in PAYLOADS if len(text) < 20_000]
    server.lines(*some)
    expect(tail.page.locator("#counts")).to_have_text(f"{len(some)} lines")
    tail.press("Home")
    tail.rows.first.locator(".text").click()
    detail = tail.page.locator("#detail")
    expect(detail).to_be_visible()
    for number in range(len(some)):
        if number % 40 == 0:
            _nothing_but_text(tail)
        tail.press("j")
    _nothing_but_text(tail)


def test_hostile_names_are_text(tail: TailPage, server: TailServer) -> None:
    tail.open()
    server.wires(
        [
            wire_line(
                "named",
                **dict.fromkeys(("name", "source", "process", "tag", "stream", "time"), text),
            )
            for text in SHORT
        ]
    )
    expect(tail.page.locator("#counts")).to_have_text(f"{len(SHORT)} lines")
    tail.rows.last.locator(".text").click()
    for _ in range(0, len(SHORT), 3):
        tail.press("k")
    _nothing_but_text(tail)


def test_what_the_server_says_is_text(tail: TailPage, server: TailServer) -> None:
    server.hello = {
        "name": "gold-gs",
        "filters": {"source": [SHORT[0]], "process": [SHORT[1]], "stream": [], "q": SHORT[16]},
    }
    tail.open()
    for text in SHORT[:60]:
        server.say(type="gap", reason=text)
        server.say(type="skipped", count=text)
        server.say(type=text)
    expect(tail.page.locator("#only")).to_contain_text(SHORT[0])
    _nothing_but_text(tail)


@pytest.mark.parametrize("text", [SHORT[0], SHORT[16], "</mark><script>alert(1)</script>"])
def test_hostile_filters_and_highlights_are_text(
    text: str, tail: TailPage, server: TailServer
) -> None:
    tail.open()
    server.lines(f"a {text} b", "other")
    tail.filter(text)
    tail.shows(f"a {text} b")
    expect(tail.page.locator("mark.found")).to_have_text(text)
    tail.press("Escape")
    tail.press("h")
    tail.page.keyboard.type(text)
    tail.press("Enter")
    expect(tail.page.locator(".term")).to_have_text(text)
    tail.page.reload()
    expect(tail.page.locator(".term")).to_have_text(text)
    expect(tail.page.locator("#query")).to_have_value(text)
    _nothing_but_text(tail)

"""Reading closer: highlights, details, copies, downloads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.tail_lines import wire_line
from tests.support.tail_page import TailPage
from tests.support.tail_server import TailServer

TIME = "2026-01-31T12:00:00.123456Z"


@pytest.fixture
def three(tail: TailPage, server: TailServer) -> TailPage:
    tail.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    server.lines("one \x1b[31mred\x1b[0m", "two", "three", time=TIME)
    tail.open()
    expect(tail.rows).to_have_count(3)
    return tail


def _clipboard(tail: TailPage) -> str:
    return str(tail.evaluate("navigator.clipboard.readText()"))


def _text(text: str) -> str:
    return f"{TIME} gold-gs app[web.1050769379-6ktnc]: {text}"


def test_up_to_five_highlights_of_their_own_colours(three: TailPage) -> None:
    for term in ("one", "two", "thr", "ee", "red"):
        three.press("h")
        three.page.keyboard.type(term)
        three.press("Enter")
        three.press("Escape")
    marks = three.page.locator("mark.hl")
    expect(marks).to_have_text(["one", "red", "two", "thr", "ee"])
    expect(three.page.locator("#highlight")).not_to_be_editable()
    grounds = marks.evaluate_all("all => all.map(e => getComputedStyle(e).backgroundColor)")
    assert len(set(grounds)) == 5
    three.page.locator(".term").first.click()
    expect(marks).to_have_text(["red", "two", "thr", "ee"])
    expect(three.page.locator("#highlight")).to_be_editable()


def test_n_goes_from_highlight_to_highlight(tail: TailPage, server: TailServer) -> None:
    tail.open("#hl=needle")
    server.lines(*("needle" if number in (50, 500) else f"hay {number}" for number in range(1000)))
    expect(tail.row("hay 999")).to_be_in_viewport()
    tail.press("N")
    expect(tail.page.locator(".chosen .text")).to_have_text("needle")
    expect(tail.row("hay 501")).to_be_in_viewport()
    tail.press("N")
    expect(tail.row("hay 51")).to_be_in_viewport()
    tail.press("n")
    expect(tail.row("hay 501")).to_be_in_viewport()
    tail.press("n")
    expect(tail.page.locator("#toast")).to_have_text("No highlight further down")


def test_a_click_shows_a_line_in_detail_with_its_json(tail: TailPage, server: TailServer) -> None:
    tail.open()
    server.lines('INFO {"order": {"id": 17, "tags": ["<b>", null, true]}} done', time=TIME)
    tail.rows.first.locator(".text").click()
    detail = tail.page.locator("#detail")
    expect(detail.locator(".json")).to_have_text(
        '{\n  "order": {\n    "id": 17,\n    "tags": [\n      "<b>",\n      null,\n      true\n'
        "    ]\n  }\n}",
        use_inner_text=True,
    )
    expect(detail.locator("dd").nth(1)).to_have_text(TIME)
    expect(detail.locator("dl")).to_contain_text("web.1050769379-6ktnc")
    tail.press("Escape")
    expect(detail).to_be_hidden()


def test_keys_walk_from_line_to_line(three: TailPage) -> None:
    three.press("k")
    three.press("Enter")
    expect(three.page.locator("#detail .whole")).to_have_text("three")
    three.press("k")
    expect(three.page.locator("#detail .whole")).to_have_text("two")
    three.press("j")
    expect(three.page.locator("#detail .whole")).to_have_text("three")


def test_one_line_is_copied_as_plain_text(three: TailPage) -> None:
    three.rows.first.locator(".text").click()
    three.press("y")
    expect(three.page.locator("#toast")).to_have_text("Copied 1 line")
    assert _clipboard(three) == _text("one red")
    three.page.get_by_role("button", name="Copy text").click()
    expect(three.page.locator("#toast")).to_have_text("Copied the text")
    assert _clipboard(three) == "one red"


def test_a_range_is_chosen_with_shift_and_copied(three: TailPage) -> None:
    three.rows.first.locator(".text").click()
    three.rows.nth(2).locator(".text").click(modifiers=["Shift"])
    expect(three.page.locator("#selected-count")).to_have_text("3 lines selected")
    three.page.locator("#selected-copy").click()
    expect(three.page.locator("#toast")).to_have_text("Copied 3 lines")
    assert _clipboard(three) == "\n".join(map(_text, ["one red", "two", "three"]))
    three.page.locator("#selected-clear").click()
    expect(three.page.locator("#selected")).to_be_hidden()


@pytest.mark.parametrize(
    ("what", "texts"), [("shown", ["two"]), ("all", ["one red", "two", "three"])]
)
def test_text_is_downloaded(what: str, texts: list[str], three: TailPage, tmp_path: Path) -> None:
    three.filter("two")
    three.shows("two")
    file = _downloaded(three, what, "text", tmp_path)
    assert file.suffix == ".log"
    assert file.name.startswith("gold-gs-")
    assert file.read_text() == "".join(f"{_text(text)}\n" for text in texts)


@pytest.mark.parametrize("colours", [False, True])
def test_json_lines_are_downloaded_with_and_without_colours(
    colours: bool, three: TailPage, tmp_path: Path
) -> None:
    file = _downloaded(three, "all", "jsonl", tmp_path, colours=colours)
    first, *others = map(json.loads, file.read_text().splitlines())
    assert first["text"] == ("one \x1b[31mred\x1b[0m" if colours else "one red")
    assert first["time"] == TIME
    assert [record["text"] for record in others] == ["two", "three"]


def _downloaded(tail: TailPage, what: str, form: str, folder: Path, colours: bool = False) -> Path:
    tail.page.locator("#downloads summary").click()
    tail.page.locator("#keep-colours").set_checked(colours)
    with tail.page.expect_download() as download:
        tail.page.locator(f"[data-what={what}][data-format={form}]").click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file


def test_the_link_with_filters_is_copied(three: TailPage) -> None:
    three.filter("two")
    three.shows("two")
    three.page.locator("#downloads summary").click()
    three.page.locator("#share").click()
    expect(three.page.locator("#toast")).to_contain_text("Copied the link")
    assert _clipboard(three).endswith("#q=two")


def test_a_line_of_a_megabyte_is_cut_on_screen_and_whole_in_a_download(
    three: TailPage, server: TailServer, tmp_path: Path
) -> None:
    server.wires([wire_line("m" * 1_000_000)])
    expect(three.page.locator(".rest")).to_have_text(" … 995,000 more characters")
    file = _downloaded(three, "all", "text", tmp_path)
    assert len(file.read_text()) > 1_000_000


def test_keys_are_listed_and_off_while_typing(three: TailPage) -> None:
    three.press("?")
    help_ = three.page.locator("#help")
    expect(help_).to_be_visible()
    for key in ("Space", "/", "Esc", "End", "Home", "w", "t", "c", "u", "n", "N", "?"):
        expect(help_.locator("kbd").get_by_text(key, exact=True)).to_be_visible()
    three.press("Escape")
    expect(help_).to_be_hidden()
    three.press("/")
    three.page.keyboard.type("cwt ?")
    expect(three.page.locator("#query")).to_have_value("cwt ?")
    expect(help_).to_be_hidden()
    expect(three.page.locator("html")).to_have_attribute("data-wrap", "false")
    three.press("Escape")  # out of the box
    three.press("Escape")  # and without the filter
    expect(three.page.locator("#query")).to_have_value("")
    expect(three.rows).to_have_count(3)


def test_space_pauses_after_a_button_was_clicked(three: TailPage) -> None:
    three.chip("error").click()
    three.press("Space")
    expect(three.page.locator("#paused")).to_be_visible()
    expect(three.chip("error")).to_have_attribute("aria-pressed", "false")

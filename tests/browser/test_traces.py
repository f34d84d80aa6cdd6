"""Traces stand behind their heads, whatever other pods write in between."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.tail_lines import WireLine, wire_line
from tests.support.tail_page import TailPage
from tests.support.tail_server import TailServer

PYTHON = [
    "ERROR payment 17 failed",
    "Traceback (most recent call last):",
    '  File "/app/pay.py", line 12, in pay',
    "ValueError: no card",
    "",
    "During handling of the above exception, another exception occurred:",
    "",
    "Traceback (most recent call last):",
    '  File "/app/pay.py", line 14, in pay',
    "KeyError: 'card'",
]
JAVA = [
    'Exception in thread "main" java.lang.IllegalStateException: full',
    "\tat com.shop.Queue.add(Queue.java:42)",
    "Caused by: java.io.IOException: disk",
    "\t... 2 more",
]
NODE = ["TypeError: x is undefined", "    at pay (/app/pay.js:12:3)"]


def _mixed() -> list[WireLine]:
    """Two pods' traces, line by line in turn, and what follows them."""
    one = [wire_line(text, tag="web.1-aaaaa", stream="stderr") for text in PYTHON]
    other = [wire_line(text, tag="worker.1-bbbbb", process="worker") for text in JAVA]
    turns = [line for pair in zip(one, other, strict=False) for line in pair]
    return [
        *turns,
        *one[len(other) :],
        wire_line("INFO: on it goes", tag="web.1-aaaaa", stream="stderr"),
        *(wire_line(text, tag="web.1-ccccc") for text in NODE),
    ]


@pytest.fixture
def traces(tail: TailPage, server: TailServer) -> TailPage:
    server.wires(_mixed())
    tail.open()
    expect(tail.rows).to_have_count(17)
    return tail


def test_a_trace_is_one_error_with_one_badge(traces: TailPage) -> None:
    expect(traces.page.locator(".fold")).to_have_text(["▾ 9", "▾ 3", "▾ 1"])
    expect(traces.chip("error").locator(".count")).to_have_text("3")
    expect(traces.page.locator(".badge", has_text="ERROR")).to_have_count(2)  # one says it itself
    traces.chip("error").click(modifiers=["Shift"])
    expect(traces.rows).to_have_count(16)  # whole traces
    traces.chip("error").click(modifiers=["Shift"])
    traces.chip("error").click()
    traces.shows("stderr INFO: on it goes")


def test_a_trace_is_folded_behind_its_head(traces: TailPage, server: TailServer) -> None:
    traces.page.locator(".fold").first.click()
    expect(traces.rows).to_have_count(8)
    expect(traces.page.locator(".fold").first).to_have_text("▸ 9")
    traces.press("f")
    traces.shows(
        "stderr ERROR payment 17 failed",
        'Exception in thread "main" java.lang.IllegalStateException: full',
        "stderr INFO: on it goes",
        "TypeError: x is undefined",
    )
    server.wires([wire_line("    at later (/app/pay.js:1:1)", tag="web.1-ccccc")])
    expect(traces.page.locator(".fold").last).to_have_text("▸ 2")
    expect(traces.rows).to_have_count(4)
    traces.press("f")
    expect(traces.rows).to_have_count(18)


def test_what_is_looked_for_is_found_in_a_folded_trace(traces: TailPage) -> None:
    traces.press("f")
    expect(traces.rows).to_have_count(4)
    traces.filter("Queue.java")
    traces.shows("\tat com.shop.Queue.add(Queue.java:42)")
    traces.rows.first.locator(".time").click()
    expect(traces.rows).to_have_count(17)  # in context


def test_folded_lines_are_copied_and_downloaded_too(traces: TailPage, tmp_path: Path) -> None:
    traces.press("f")
    expect(traces.rows).to_have_count(4)
    traces.rows.first.locator(".text").click()
    traces.rows.nth(1).locator(".text").click(modifiers=["Shift"])
    expect(traces.page.locator("#selected-count")).to_have_text("14 lines selected")
    traces.page.locator("#downloads summary").click()
    with traces.page.expect_download() as download:
        traces.page.locator("[data-what=shown][data-format=jsonl]").click()
    file = tmp_path / "lines"
    download.value.save_as(file)
    texts = [json.loads(line)["text"] for line in file.read_text().splitlines()]
    assert texts == [*PYTHON, *JAVA, "INFO: on it goes", *NODE]


def test_a_line_in_detail_shows_the_whole_trace(traces: TailPage) -> None:
    traces.row("Queue.java").locator(".text").click()
    expect(traces.page.locator("#detail .whole").last).to_have_text(
        "\n".join(JAVA), use_inner_text=True
    )
    expect(traces.page.locator("#detail h3").last).to_have_text("Trace: 4 lines")


def test_a_line_that_comes_much_later_begins_anew(tail: TailPage, server: TailServer) -> None:
    server.wires(
        [
            wire_line("ERROR one", time="2026-01-31T12:00:00Z"),
            wire_line("  indented", time="2026-01-31T12:00:10Z"),
        ]
    )
    tail.open()
    expect(tail.rows).to_have_count(2)
    expect(tail.page.locator(".fold")).to_have_count(0)

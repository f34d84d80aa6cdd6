"""Lines for a terminal: which are left, and how they look."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from logshuttle_site.terminal.options import parsed
from logshuttle_site.terminal.rows import RowPrinter, row_of

TIME = "2026-11-28T14:24:15Z"
FIRST = f"{TIME} shop-demo app[web.5d9-x7k2p]: ERROR order 12 failed: disk"
SECOND = f"{TIME} shop-demo app[worker.7f6-abc]: \x1b[36mjob\x1b[0m done\x1b[2J"
ROUTER = f"{TIME} shop-demo akkeris/router: method=GET status=503 path=/"
OTHER = "no line of ours"
ALL = (FIRST, SECOND, ROUTER, OTHER)


def printed(*words: str, colours: bool = False, lines: tuple[str, ...] = ALL) -> list[str]:
    out: list[str] = []
    options = parsed(["shop-demo", "--key", "k", "--url", "http://x", *words], {}, "tail")
    printer = RowPrinter(options, colours=colours, out=out.append)
    for line in lines:
        printer.show(line)
    return out


def test_a_line_is_taken_apart() -> None:
    row = row_of(ROUTER)
    assert row[:4] == (TIME, "shop-demo", "akkeris/router", "method=GET status=503 path=/")
    assert (row.source, row.level) == ("router", "error")
    assert row_of(SECOND).plain == "job done\x1b[2J"
    assert row_of(OTHER).text == OTHER


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ((), ALL),
        (("--level", "error"), (FIRST, ROUTER)),
        (("--level", "none,warn"), (SECOND, OTHER)),
        (("--regex", r"order \d+", "--regex", "disk$"), (FIRST,)),
        (("--regex", "^job done"), (SECOND,)),
        (("--exclude", "order", "--exclude", "ours"), (SECOND, ROUTER)),
    ],
)
def test_which_lines_are_left(words: tuple[str, ...], left: tuple[str, ...]) -> None:
    assert printed("--raw", *words) == list(left)


def test_a_terminal_gets_colours_by_pod_and_level() -> None:
    first, second, router, other = printed(colours=True)
    assert first.endswith("\x1b[31mERROR order 12 failed: disk\x1b[0m")
    assert "\x1b[36mapp[web.5d9-x7k2p]" in first
    assert "\x1b[35mapp[worker.7f6-abc]" in second
    assert second.endswith("\x1b[36mjob\x1b[0m done^[[2J\x1b[0m"), "its own, and nothing else"
    assert "\x1b[31mmethod=GET" in router
    assert other == OTHER


def test_what_is_highlighted_is_marked_without_the_apps_colours() -> None:
    marked = printed("--highlight", "o.", "--highlight", "b d", colours=True, lines=(SECOND,))
    assert marked[0].endswith("j\x1b[7mob don\x1b[0me^[[2J")


def test_json_is_an_object_a_line() -> None:
    (line,) = printed("--json", lines=(FIRST,))
    assert json.loads(line) == {
        "time": TIME,
        "app": "shop",
        "space": "demo",
        "source": "app",
        "process": "web",
        "tag": "web.5d9-x7k2p",
        "level": "error",
        "text": "ERROR order 12 failed: disk",
    }


def test_times_may_be_this_machines() -> None:
    (line,) = printed("--local", lines=(FIRST,))
    time, _, rest = line.partition(" ")
    assert datetime.fromisoformat(time) == datetime.fromisoformat(TIME)
    assert time == datetime.fromisoformat(TIME).astimezone().isoformat()
    assert rest == FIRST.partition(" ")[2]

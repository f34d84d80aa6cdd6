"""The demo's panel: what can be copied stays as a shell reads it, however narrow it is."""

from __future__ import annotations

import io
import subprocess

import pytest
from rich.console import Console

from logshuttle_site.demo.news import News
from logshuttle_site.demo.panel import Panel, folded
from logshuttle_site.demo.screen import PlainScreen, Welcome, screen_on

WELCOME = Welcome(
    (("Admin", "http://127.0.0.1:5000/  operator pass-word"),),
    ('printf "%s|" "Authorization: $AUTH_KEY" $D/apps/shop-demo/log-drains',),
    ("port 5000 is taken, so 5001 it is (--port or PORT)",),
)
NEWS = News("http://127.0.0.1:5000/log-sessions/x", 21.4, 30.2, {"live": 7, "failing": 1}, "Well.")
RECORD = "<11>1 2026-11-28T14:24:15.098114Z shop-demo web.1 - - - ERROR \x1b[2J of [bold]order"


@pytest.mark.parametrize("width", [20, 33, 40, 60, 200])
def test_a_folded_line_is_the_same_to_a_shell(width: int) -> None:
    command = folded(WELCOME.commands[0], width)
    assert max(map(len, command.splitlines())) <= width
    run = subprocess.run(
        ["sh", "-c", command], env={"AUTH_KEY": "k", "D": "u"}, capture_output=True, text=True
    )
    assert run.stdout == "Authorization: k|u/apps/shop-demo/log-drains|"


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 20), (200, 60)])
def test_it_fits_and_says_all(width: int, height: int) -> None:
    out = io.StringIO()
    panel = Panel(out)
    panel._console = console = Console(file=out, width=width, height=height)
    panel._welcome, panel._news = WELCOME, NEWS
    for _ in range(100):
        panel.show(RECORD)
    console.print(panel)

    shown = out.getvalue()
    assert len(shown.splitlines()) <= height
    for part in ("pass-word", "5001 it is", "21 lines/s in, 30 out", "7 live, 1 failing", "Well."):
        assert part in shown
    assert "shop-demo web.1 ERROR ^[[2J of [bold]order" in shown


def test_a_pipe_gets_the_welcome_and_records_only_when_asked() -> None:
    for shows_lines in (False, True):
        out = io.StringIO()
        screen = screen_on(out, shows_lines=shows_lines)
        assert isinstance(screen, PlainScreen)
        screen.begin(WELCOME, NEWS)
        screen.show(RECORD)
        assert WELCOME.commands[0] in out.getvalue().splitlines()
        assert (RECORD in out.getvalue()) == shows_lines

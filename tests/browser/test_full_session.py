"""A session that as many read as may do: the page says so, and comes again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.support.tail_page import TailPage
from tests.support.tail_server import TailServer


@pytest.mark.parametrize("takes_sockets", [True, False], ids=["socket", "events"])
def test_who_has_no_place_is_told_and_gets_one_later(
    takes_sockets: bool, tail: TailPage, server: TailServer
) -> None:
    server.is_full, server.takes_sockets = True, takes_sockets
    state = tail.page.locator("#state")
    tail.page.goto(tail.url)
    expect(state).to_have_text(re.compile(r"^Too many read this session: trying again in \d+ s$"))

    server.is_full = False
    tail.page.locator("#retry").click()
    expect(state).to_have_text("Live")
    server.lines("a line")
    expect(tail.row("a line")).to_be_visible()

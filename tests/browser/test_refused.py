"""A socket that does not open: the page cannot see why, and asks once."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.support.tail_page import TailPage
from tests.support.tail_server import TailServer


def test_a_session_that_is_no_more_is_said_after_one_question(
    tail: TailPage, server: TailServer
) -> None:
    tail.open()
    server.lines("the last line.")
    expect(tail.row("the last line.")).to_be_visible()
    server.knows_session = False
    server.cut()

    expect(tail.page.get_by_text("There is no such session any more.")).to_be_visible()
    expect(tail.row("the last line.")).to_be_visible()
    assert [request.method for request in server.requests].count("HEAD") == 1


def test_where_no_socket_gets_through_lines_come_as_events(
    tail: TailPage, server: TailServer
) -> None:
    server.takes_sockets = False
    tail.open()
    server.lines("by another way.")
    expect(tail.row("by another way.")).to_be_visible()

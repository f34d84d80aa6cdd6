"""What the page is told: the command that opens another, and where the admin does."""

from __future__ import annotations

import html
import json
import re
import shlex
from typing import Any

from django.test import RequestFactory

from events.keys import AppKey, SiteKey
from sessions_app.page import page_response
from sessions_app.tail.session import Selection, Session


def _page(selection: Selection, tail: bool = True) -> str:
    session = Session("digest", selection, lines=7, tail=tail, ends_at=0)
    return page_response(RequestFactory().get("/log-sessions/x"), session).content.decode()


def _command(page: str) -> list[str]:
    found = re.search(r'<code id="again-curl">(.*?)</code>', page, re.DOTALL)
    assert found
    return shlex.split(html.unescape(found[1]))


def test_a_shell_takes_the_command_apart_as_it_was_put_together() -> None:
    text = """it's "$(rm -rf x)" `y` \\ & <b>\nü"""
    selection = Selection(AppKey("gold", "gs"), frozenset({"app"}), text=text)
    *command, body = _command(_page(selection, tail=False))
    url = "http://testserver/log-sessions"
    assert command == ["curl", "-s", "-H", "Authorization: $AUTH_KEY", url, "-d"]
    asked = {"app": "gold", "space": "gs", "lines": 7, "source": ["app"], "q": text, "tail": False}
    assert json.loads(body) == asked


def test_of_a_site_the_command_asks_for_the_site() -> None:
    key = SiteKey("www.gold.example")
    assert json.loads(_command(_page(Selection(key)))[-1]) == {"site": key.site, "lines": 7}


def test_a_process_without_the_admin_offers_none(settings: Any) -> None:
    selection = Selection(AppKey("gold", "gs"))
    assert 'data-again="/admin/sessions_app/tailsession/again/"' in _page(selection)
    settings.ROOT_URLCONF = "sessions_app.urls"
    assert 'data-again=""' in _page(selection)

"""What tenants write is text in the operators' admin, too."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.support.payloads import SHORT
from tests.support.shuttle import Shuttle

SOME = [text for text in SHORT if "\x00" not in text][::6]
# Django's own scripts come from files.
_ELEMENTS_OF_THEIRS = "#content :is(script:not([src]), img[src=x], iframe, svg[onload], [onclick])"


def test_hostile_names_in_lists_and_forms(admin: Page, shuttle: Shuttle) -> None:
    for text in SOME:
        asked: dict[str, Any] = {"app": text, "space": "gs", "q": text, "process": [text]}
        assert shuttle.api.post("/log-sessions", json=asked).status_code in (201, 422)
        url = f"https://127.0.0.1/{text.replace(' ', '/')}"
        drain = {"url": url, "filter": {"processes": [text]}}
        assert shuttle.api.post("/apps/gold-gs/log-drains", json=drain).status_code in (201, 422)
    for path in ("sessions_app/tailsession", "drains/drain"):
        admin.goto(f"{shuttle.api.base_url}/admin/{path}/")
        rows = admin.locator("#rows tbody tr")
        assert rows.count() > 5
        assert admin.locator(_ELEMENTS_OF_THEIRS).count() == 0
        rows.first.locator("a").first.click()
        expect(admin.locator("#content-main form").last).to_be_visible()
        assert admin.locator(_ELEMENTS_OF_THEIRS).count() == 0

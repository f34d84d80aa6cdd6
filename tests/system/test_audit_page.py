"""An operator looks at who did what, in a browser."""

from __future__ import annotations

import json
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.payloads import SHORT
from tests.support.shuttle import Shuttle

URL = "https://user:c4n4ry@127.0.0.1/in"


def refused(page: Page) -> list[str]:
    """What axe finds serious, on what is ours."""
    found = Axe().run(page, ".ls", {"preload": False}).response["violations"]
    return [each["id"] for each in found if each["impact"] in ("serious", "critical")]


def test_who_did_what_is_found_and_looked_at(admin: Page, shuttle: Shuttle) -> None:
    drain = shuttle.add_drain("gold-gs", URL)["id"]
    shuttle.api.patch(f"/apps/gold-gs/log-drains/{drain}", json={"headers": {"X-Key": "c4n4ry"}})
    shuttle.add_drain("bold-gs", URL)
    admin.goto(f"{shuttle.api.base_url}/admin/")
    admin.get_by_role("link", name="Audit").click()

    rows = admin.locator("#rows tbody tr")
    expect(rows.first).to_contain_text("added a drain: bold-gs → https://user:***@127.0.0.1:443/in")
    expect(rows.first).to_contain_text("AUTH_KEY")
    expect(admin.locator("#rows")).to_contain_text("logged in")
    assert refused(admin) == []

    search = admin.get_by_role("searchbox")
    search.fill("gold-gs changed")
    search.press("Enter")
    expect(rows).to_have_count(1)
    rows.first.get_by_role("link", name="changed gold-gs").click()
    expect(admin.locator(".sides")).to_contain_text('"X-Key": "***"')
    expect(admin.locator("body")).not_to_contain_text("c4n4ry")
    assert refused(admin) == []

    admin.get_by_role("link", name=drain).click()
    expect(rows).to_have_count(2)
    with admin.expect_download() as download:
        admin.get_by_role("link", name="Export as JSON lines").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert [json.loads(line)["what"] for line in lines] == ["made", "changed"]


def test_on_a_phone_a_row_is_a_card(admin: Page, shuttle: Shuttle) -> None:
    shuttle.add_drain("gold-gs", f"https://127.0.0.1/{'long/' * 60}")
    admin.set_viewport_size({"width": 390, "height": 800})
    admin.goto(f"{shuttle.api.base_url}/admin/audit/entry/")

    expect(admin.locator("#rows tbody tr").first).to_contain_text("added a drain")
    wide = "document.documentElement.scrollWidth - window.innerWidth"
    assert admin.evaluate(wide) <= 0
    admin.locator(".field-done a").first.click()
    expect(admin.locator(".sides")).to_be_visible()
    assert admin.evaluate(wide) <= 0


def test_hostile_text_is_text_there_too(admin: Page, shuttle: Shuttle) -> None:
    for text in [text for text in SHORT if "\x00" not in text][::6]:
        asked = {"app": "gold", "space": "gs", "q": text, "process": [text]}
        assert shuttle.api.post("/log-sessions", json=asked).status_code in (201, 422)
    admin.goto(f"{shuttle.api.base_url}/admin/audit/entry/")
    theirs = "#content :is(script:not([src]), img[src=x], iframe, svg[onload], [onclick])"

    assert admin.locator("#rows tbody tr").count() > 3
    admin.locator(".field-done a").first.click()
    expect(admin.locator(".sides")).to_be_visible()
    assert admin.locator(theirs).count() == 0

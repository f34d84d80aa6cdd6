"""All that match a filter, in a browser: a page names their number before anything is done."""

from __future__ import annotations

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.shuttle import Shuttle

DRAINS = 52
"""Two more than a page shows."""


def test_more_than_a_page_is_confirmed_by_its_number(admin: Page, shuttle: Shuttle) -> None:
    for number in range(DRAINS):
        shuttle.add_drain(f"app{number}-gs", "syslog://127.0.0.1:5140", paused=True)
    path = f"{shuttle.api.base_url}/admin/drains/drain/?space=gs"
    admin.goto(path)
    admin.get_by_label("Select all on this page").check()
    admin.get_by_role("button", name=f"Select all {DRAINS} that match").click()
    expect(admin.locator("#chosen")).to_have_text(f"{DRAINS} chosen")
    admin.locator(".bulk").get_by_role("button", name="Resume", exact=True).click()

    expect(admin.locator("#ask")).to_have_text(f"Resume: {DRAINS} drains?")
    expect(admin.locator("section ul li")).to_have_count(21)
    expect(admin.locator("section")).to_contain_text(f"and {DRAINS - 20} more")
    found = Axe().run(admin, ".ls", {"preload": False}).response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
    admin.get_by_role("link", name="Leave them as they are").click()
    expect(admin).to_have_url(path)

    _without_scripts(admin, path)
    admin.goto(path)
    expect(admin.locator("#tabs")).to_contain_text(re.compile(r"Paused\s+0"))


def _without_scripts(admin: Page, path: str) -> None:
    browser = admin.context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(10_000)
    context.add_cookies(admin.context.cookies())  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(path)
    page.get_by_label(f"All {DRAINS} that match").check()
    page.locator(".bulk").get_by_role("button", name="Resume", exact=True).click()
    page.get_by_role("button", name=f"Resume: {DRAINS}").click()
    expect(page.get_by_text(f"{DRAINS} drains resumed")).to_be_visible()
    context.close()

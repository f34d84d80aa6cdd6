"""A key is made in a browser, copied from the page that shows it, and used."""

from __future__ import annotations

import httpx
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.admin_page import PASSWORD
from tests.support.shuttle import Shuttle


def test_a_key_is_made_and_used(admin: Page, shuttle: Shuttle) -> None:
    shuttle.add_drain("gold-gs", "syslog://127.0.0.1:6514")
    admin.context.grant_permissions(["clipboard-read", "clipboard-write"])
    base = str(shuttle.api.base_url)
    admin.goto(f"{base}/admin/access/apikey/")
    admin.get_by_role("link", name="Add key").click()
    admin.get_by_label("Name").fill("cart team, Terraform")
    admin.get_by_label("drains:").check()
    admin.get_by_label("Reaches").fill("gold-gs")
    admin.get_by_label("Your password").fill(PASSWORD)
    admin.get_by_role("button", name="Make the key").click()
    expect(admin.get_by_role("alert")).to_contain_text("is none of app:NAME-SPACE")

    admin.get_by_label("Reaches").fill("app:gold-gs")
    admin.get_by_label("Your password").fill(PASSWORD)
    admin.get_by_role("button", name="Make the key").click()
    expect(admin.get_by_text("This is the only time it is shown.")).to_be_visible()
    for width in (1280, 390):
        admin.set_viewport_size({"width": width, "height": 844})
        assert admin.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(admin, context=".ls", options={"preload": False}).response
        assert [each["id"] for each in found["violations"]] == []
    admin.get_by_role("button", name="Copy").first.click()
    expect(admin.locator("#toast")).to_have_text("Copied.")
    key = admin.evaluate("navigator.clipboard.readText()")
    assert key == admin.locator("#key").inner_text()
    with httpx.Client(base_url=base, headers={"Authorization": key}) as owner:
        assert len(owner.get("/apps/gold-gs/log-drains").json()) == 1
        assert owner.get("/apps/lead-gs/log-drains").status_code == 404

    admin.get_by_role("link", name="I have it").click()
    admin.get_by_role("link", name="cart team, Terraform").click()
    admin.get_by_role("button", name="Revoke it").click()
    admin.get_by_role("button", name="Revoke it").click()
    expect(admin.get_by_text("is revoked: nobody gets in")).to_be_visible()
    with httpx.Client(base_url=base, headers={"Authorization": key}) as owner:
        assert owner.get("/apps/gold-gs/log-drains").status_code == 401

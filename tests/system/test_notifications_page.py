"""An operator makes a recipient in a browser, tries it out, and sees what was sent."""

from __future__ import annotations

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.notified import Told
from tests.support.receiving import HttpReceivers
from tests.support.shuttle import Shuttle


def refused(page: Page) -> list[str]:
    """What axe finds serious, on what is ours."""
    found = Axe().run(page, ".ls", {"preload": False}).response["violations"]
    return [each["id"] for each in found if each["impact"] in ("serious", "critical")]


def test_a_webhook_is_made_and_tried_out(
    admin: Page, shuttle: Shuttle, http_receiver: HttpReceivers
) -> None:
    sink, base = http_receiver(), str(shuttle.api.base_url)
    admin.goto(f"{base}/admin/notifications/recipient/add/")
    assert refused(admin) == []
    admin.get_by_label("Address").fill(f"{sink.url}hooks/S3CRET")
    admin.get_by_role("button", name="Save and continue editing").click()
    said = admin.locator("#main")
    expect(said).to_contain_text("shown this once: whsec_")
    secret = re.search(r"whsec_\S+", said.inner_text())
    assert secret is not None

    admin.get_by_role("button", name="Send a test").click()
    expect(said).to_contain_text(f"The test was taken by http://127.0.0.1:{sink.port}/***.")
    assert Told(sink, secret[0]).kinds() == ["test"]
    expect(admin.locator("body")).not_to_contain_text("whsec_")

    sink.kill()
    admin.get_by_role("button", name="Send a test").click()
    expect(said).to_contain_text("connection refused")
    assert refused(admin) == []

    admin.goto(f"{base}/admin/notifications/message/")
    rows = admin.locator("#rows tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Given up")
    expect(rows.last).to_contain_text("Sent")
    expect(admin.locator("body")).not_to_contain_text("S3CRET")

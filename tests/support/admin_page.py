"""The admin in a browser, as somebody who has logged in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.support.shuttle import Shuttle

if TYPE_CHECKING:  # unit tests do without it
    from playwright.sync_api import BrowserContext, Page

PASSWORD = "of-the-tests"


@pytest.fixture
def admin(context: BrowserContext, shuttle: Shuttle) -> Iterator[Page]:
    with logged_in(context, shuttle) as page:
        yield page


@contextmanager
def logged_in(context: BrowserContext, shuttle: Shuttle) -> Iterator[Page]:
    """Nothing that a page shows may act, break its policy, or ask another origin."""
    from playwright.sync_api import expect

    from tests.support.page_watch import PageWatch

    shuttle.environment["DJANGO_SUPERUSER_PASSWORD"] = PASSWORD
    with shuttle.run("createsuperuser", "--noinput", "--username", "op", "--email", "") as making:
        assert making.wait() == 0, making.output()
    page = context.new_page()
    watch = PageWatch(page, str(shuttle.api.base_url))
    page.goto(f"{shuttle.api.base_url}/admin/")
    page.locator("#id_username").fill("op")
    page.locator("#id_password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#head")).to_be_visible()
    yield page
    assert watch.faults() == []

"""A server that plays the tail's protocol, and the page as a person sees it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.support.tail_page import TailPage
from tests.support.tail_server import PATH, TailServer


@pytest.fixture
def server() -> Iterator[TailServer]:
    with TailServer() as server:
        yield server


@pytest.fixture
def tail(context: BrowserContext, server: TailServer) -> Iterator[TailPage]:
    """Nothing a page does may be an error, break its policy, or ask another origin."""
    url = f"{server.origin}{PATH}"
    page = TailPage(context.new_page(), url, lambda: server.readers == 1)
    yield page
    assert page.faults() == []

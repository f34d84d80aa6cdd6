"""The cast and the stage: fixtures are in tests/support, by what they bring."""

from __future__ import annotations

import gc
import logging

import hypothesis
import pytest

logging.getLogger("httpx").setLevel(logging.WARNING)  # or a failure drowns in polls

# How long an example takes says more of the machine than of us.
hypothesis.settings.register_profile("ours", deadline=None)
hypothesis.settings.load_profile("ours")

pytest_plugins = [
    "tests.support.alone",
    "tests.support.once_more",
    "tests.support.guards",
    "tests.support.kafka",
    "tests.support.stores",
    "tests.support.store_stage",
    "tests.support.admin_page",
    "tests.support.receiving",
    "tests.support.sender_bench",
    "tests.support.sender_stage",
    "tests.support.browsing",
]


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What has been imported and collected stays: collecting garbage need not look at it again."""
    gc.collect()
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kafka",
        metavar="HOST:PORT",
        help="run against this Kafka broker instead of starting one",
    )

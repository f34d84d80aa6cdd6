"""Tests run side by side; one that is marked `alone` has the machine for itself.

Each test holds a lock that all processes of a run share, and `alone` holds it exclusively.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator

import pytest

from tests.support.locks import locked


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "alone: measures time: no other test may run meanwhile")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Last of all, or a process would wait for the others with nothing to do."""
    items.sort(key=_is_alone)


@pytest.hookimpl(wrapper=True, tryfirst=True)  # the wait does not count for pytest-timeout
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    with locked(item.config.rootpath, fcntl.LOCK_EX if _is_alone(item) else fcntl.LOCK_SH):
        return (yield)


def _is_alone(item: pytest.Item) -> bool:
    return item.get_closest_marker("alone") is not None

"""What no test may leave behind: a changed environment, a running thread, an unfinished task."""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import SyncToAsync

_GRACE_SECONDS = 3.0
# What a developer's shell may have and no test may see.
_UNWANTED = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "notify_socket")
_UNWANTED_PREFIXES = ("kafka_conf_",)


def pytest_configure() -> None:
    for name in list(os.environ):
        if name.lower() in _UNWANTED or name.lower().startswith(_UNWANTED_PREFIXES):
            del os.environ[name]


@pytest.fixture(autouse=True)
def _same_environment() -> Iterator[None]:
    before = dict(os.environ)
    yield
    # What pytest itself keeps there changes from phase to phase.
    before["PYTEST_CURRENT_TEST"] = os.environ.get("PYTEST_CURRENT_TEST", "")
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def _no_leaked_threads() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + _GRACE_SECONDS
    for thread in _new_threads(before):
        thread.join(max(0.0, deadline - time.monotonic()))
    left = [thread.name for thread in _new_threads(before)]
    assert not left, f"the test left threads running: {left}"


def _new_threads(before: set[threading.Thread]) -> set[threading.Thread]:
    """asgiref keeps one thread for synchronous code for the life of the process."""
    kept: set[Any] = set(SyncToAsync.single_thread_executor._threads)
    return set(threading.enumerate()) - before - kept


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
            item.obj = _refusing_leaked_tasks(item.obj)


def _refusing_leaked_tasks(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @functools.wraps(test)
    async def guarded(*args: Any, **kwargs: Any) -> None:
        before = asyncio.all_tasks()
        await test(*args, **kwargs)
        new = asyncio.all_tasks() - before
        if new:  # those that are about to end may
            await asyncio.wait(new, timeout=0.2)
        left = [task for task in new if not task.done()]
        assert not left, f"the test left tasks running: {left}"

    return guarded

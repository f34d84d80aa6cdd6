"""A thread that a process does not wait for at its end: what it calls may hang."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

_Params = ParamSpec("_Params")
_Answer = TypeVar("_Answer")


class DaemonThread(Executor):
    """One call at a time, in order; with more `threads`, as many. (ThreadPoolExecutor's are joined,
    come what may.)"""

    def __init__(self, name: str, threads: int = 1) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        for _ in range(threads):
            threading.Thread(target=self._run, name=name, daemon=True).start()

    def submit(
        self, fn: Callable[_Params, _Answer], /, *args: _Params.args, **kwargs: _Params.kwargs
    ) -> Future[_Answer]:
        future: Future[_Answer] = Future()

        def call() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(fn(*args, **kwargs))
                except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it
                    future.set_exception(error)

        self._calls.put(call)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> Any:
        """After what has been submitted; never waits."""
        self._calls.put(None)

    def _run(self) -> None:
        while call := self._calls.get():
            call()
        self._calls.put(None)  # for the next one

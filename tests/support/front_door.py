"""Two web processes that are restarted in turn, and requests at a steady rate meanwhile: each goes
to one that is in service, as by a front door that is told first."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import Self

import httpx

from tests.support.asking import get
from tests.support.ports import free_port
from tests.support.processes import RunningProcess
from tests.support.shuttle import LIMIT_SECONDS, Shuttle
from tests.support.waiting import wait_until

_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # reading those of the system takes long

Call = Callable[[httpx.Client, str], httpx.Response]
"""What is asked, given the base of a web process."""


class _Web:
    def __init__(self, shuttle: Shuttle) -> None:
        self._shuttle, self._port = shuttle, free_port()
        self._stack = ExitStack()
        self.base = f"http://127.0.0.1:{self._port}"
        self.is_in_service, self.under_way = False, 0

    def start(self) -> None:
        command = ("runweb", "--host", "127.0.0.1", "--port", str(self._port))
        self._process = self._stack.enter_context(self._shuttle.run(*command))
        wait_until(lambda: _answers(self.base, self._process), LIMIT_SECONDS, "runweb answers")
        self.is_in_service = True

    def stop(self) -> int:
        """Once what it was asked before is answered. Its exit status."""
        self.is_in_service = False
        wait_until(lambda: not self.under_way, LIMIT_SECONDS, "its requests are answered")
        return self._process.terminate()

    def close(self) -> None:
        self._stack.close()


class FrontDoor:
    def __init__(self, shuttle: Shuttle) -> None:
        self._webs = [_Web(shuttle), _Web(shuttle)]
        self._lock = threading.Lock()
        self._turn = 0
        for web in self._webs:
            web.start()

    def restart_all(self) -> None:
        """One after the other, with the settings that the installation has by now."""
        for web in self._webs:
            assert web.stop() == 0
            web.start()

    @contextmanager
    def base(self) -> Iterator[str]:
        """Of the one whose turn it is."""
        with self._lock:
            self._turn += 1
            there = [web for web in self._webs if web.is_in_service]
            web = there[self._turn % len(there)]
            web.under_way += 1
        try:
            yield web.base
        finally:
            with self._lock:
                web.under_way -= 1

    def close(self) -> None:
        for web in self._webs:
            web.close()


class SteadyCalls:
    """`calls` by their names, each from a client of its own, `per_second` in all. Those that were
    not answered 200 are `failed`."""

    def __init__(self, door: FrontDoor, calls: Mapping[str, Call], per_second: float) -> None:
        self._door = door
        self._seconds = len(calls) / per_second
        self._over = threading.Event()
        self.answered = dict.fromkeys(calls, 0)
        self.failed: list[str] = []
        self._threads = [
            threading.Thread(target=self._go_on, args=of, name=f"calls-{of[0]}")
            for of in calls.items()
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _go_on(self, name: str, call: Call) -> None:
        """At its times, however long an answer takes."""
        keep_none = httpx.Limits(max_keepalive_connections=0)
        options = {"timeout": 20, "limits": keep_none, "verify": _NO_CERTIFICATES}
        due = time.monotonic()
        with closing(httpx.Client(**options)) as client:  # type: ignore[arg-type]
            while not self._over.wait(max(due - time.monotonic(), 0)):
                due += self._seconds
                with self._door.base() as base:
                    self._ask(name, call, client, base)

    def _ask(self, name: str, call: Call, client: httpx.Client, base: str) -> None:
        try:
            answer = call(client, base)
        except httpx.HTTPError as error:
            self.failed.append(f"{name}: {error!r}")
            return
        if answer.status_code == 200:
            self.answered[name] += 1
        else:
            self.failed.append(f"{name}: {answer.status_code} {answer.text[:200]}")


def _answers(base: str, process: RunningProcess) -> bool:
    assert process.running, process.output()
    try:
        return get(f"{base}/livez").status_code == 200
    except httpx.TransportError:
        return False

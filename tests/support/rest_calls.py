"""What the REST API answers while something is wrong: one request after the other."""

from __future__ import annotations

import threading
import time
from collections import Counter
from types import TracebackType
from typing import Self

import httpx

from tests.support.ports import free_port
from tests.support.shuttle import Shuttle

_TURN_SECONDS = 0.1
_LIMIT_SECONDS = 60.0


class RestCalls:
    """Lists, makes and deletes drains of an app of its own, whose receiver nobody is."""

    def __init__(self, shuttle: Shuttle, app: str) -> None:
        self._drains = f"/apps/{app}/log-drains"
        self._api = httpx.Client(
            base_url=shuttle.api.base_url, headers=shuttle.api.headers, timeout=_LIMIT_SECONDS
        )
        self._url = f"syslog://127.0.0.1:{free_port()}"
        self.codes: Counter[int] = Counter()
        """0 is no answer."""
        self.longest_seconds = 0.0
        self.unexplained: list[str] = []
        """Bodies of 503 without a word or without Retry-After, and of 500."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rest-calls")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        self._api.close()

    def _run(self) -> None:
        while not self._over.wait(_TURN_SECONDS):
            self._ask("GET", self._drains)
            made = self._ask("POST", self._drains, json={"url": self._url})
            if made is not None and made.status_code == 201:
                path = f"{self._drains}/{made.json()['id']}"
                while self._ask("DELETE", path) is None and not self._over.is_set():
                    pass

    def _ask(self, method: str, path: str, **body: object) -> httpx.Response | None:
        """None: another try may be answered."""
        began = time.monotonic()
        try:
            answer = self._api.request(method, path, **body)  # type: ignore[arg-type]
        except httpx.TransportError:
            self.codes[0] += 1
            return None
        finally:
            self.longest_seconds = max(self.longest_seconds, time.monotonic() - began)
        self.codes[answer.status_code] += 1
        if answer.status_code >= 500:
            told = answer.headers.get("Content-Type") == "application/problem+json"
            if answer.status_code != 503 or not told or "Retry-After" not in answer.headers:
                self.unexplained.append(f"{method} {path}: {answer.status_code} {answer.text}")
            return None
        return answer

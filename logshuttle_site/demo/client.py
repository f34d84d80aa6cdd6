"""What the demo does through the REST API, as a user would: drains, a tail, figures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from logshuttle_site.demo.ports import HOST
from logshuttle_site.demo.traffic.records import APPS, SITE

_COUNTER = re.compile(r"^logshuttle_lines_(received|delivered)_total(?:\{[^}]*\})? (\S+)$", re.M)


@dataclass(frozen=True)
class DemoDrain:
    name: str
    owner: str
    receiver: str
    scheme: str
    path: str = ""
    options: Mapping[str, Any] | None = None


DRAINS = (
    DemoDrain("Log search", "apps/shop-demo", "tcp", "syslog"),
    DemoDrain("Archive", "apps/shop-demo", "https", "https", "/archive"),
    DemoDrain("Security", "apps/api-demo", "tls", "syslog+tls", options={"framing": "octet"}),
    DemoDrain(
        "Errors only",
        "apps/api-demo",
        "http",
        "http",
        "/errors",
        {"filter": {"include": "level=error"}},
    ),
    DemoDrain("Pager, which fails now and then", "apps/pay-demo", "breaking", "syslog"),
    DemoDrain("Search statistics", "apps/search-staging", "http", "http", "/statistics"),
    DemoDrain("Blog's syslog", "apps/blog-staging", "tcp", "syslog+udp"),
    DemoDrain("Visits", f"sites/{SITE}", "http", "http", "/visits"),
)
"""Over all transports."""


class DemoClient:
    """Raises OSError for an answer that nobody expects, and for none."""

    def __init__(self, http: aiohttp.ClientSession, url: str, key: str) -> None:
        self._http = http
        self._url = url
        self._headers = {"Authorization": key}

    async def is_up(self) -> bool:
        try:
            async with self._http.get(f"{self._url}/livez") as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def have_drains(self, ports: Mapping[str, int], ca: str) -> None:
        """Makes those that are not there; the others may have to follow a port that has moved."""
        for drain in DRAINS:
            there = await self._ask("GET", f"{drain.owner}/log-drains")
            url = f"{drain.scheme}://{HOST}:{ports[drain.receiver]}{drain.path}"
            found = next((each for each in there if each["name"] == drain.name), None)
            if found is None:
                body = {"url": url, "name": drain.name, **(drain.options or {})}
                if drain.receiver in ("tls", "https"):
                    body["tls"] = {"ca": ca}
                await self._ask("POST", f"{drain.owner}/log-drains", body)
            elif found["url"] != url:
                await self._ask("PATCH", f"{drain.owner}/log-drains/{found['id']}", {"url": url})

    async def open_tail(self) -> str:
        """The URL of one, of the first app."""
        key = APPS[0].key
        made = await self._ask("POST", "log-sessions", {"app": key.app, "space": key.space})
        url: str = made["logplex_url"]
        return url

    async def has_tail(self, url: str) -> bool:
        """True where it cannot be said."""
        try:
            async with self._http.head(url) as answer:
                return answer.status != 404
        except (aiohttp.ClientError, TimeoutError):
            return True

    async def overview(self) -> dict[str, Any]:
        found: dict[str, Any] = await self._ask("GET", "overview")
        return found

    async def lines(self, metrics_url: str) -> dict[str, float]:
        """`received` and `delivered` since the worker's start. Empty while there is none."""
        try:
            async with self._http.get(metrics_url) as answer:
                text = await answer.text()
        except (aiohttp.ClientError, TimeoutError):
            return {}
        sums = {"received": 0.0, "delivered": 0.0}
        for name, number in _COUNTER.findall(text):
            sums[name] += float(number)
        return sums

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:
        url, headers = f"{self._url}/{path}", self._headers
        try:
            async with self._http.request(method, url, json=body, headers=headers) as answer:
                if answer.status in (200, 201):
                    return await answer.json()
                raise OSError(f"{method} {url}: {answer.status} {await answer.text()}")
        except aiohttp.ClientError as error:
            raise OSError(f"{method} {url}: {error}") from error

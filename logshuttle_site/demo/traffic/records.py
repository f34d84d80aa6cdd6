"""Records as a platform writes them to Kafka: of containers, of routers, of builds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import NamedTuple

from events.keys import AppKey
from logshuttle_site.demo.traffic import said

SITE = "www.shop.example"
"""A customer's domain, which the routers lead to `shop-demo`."""
ROUTERS, BUILDS = "alamoweblogs", "alamobuildlogs"


class Record(NamedTuple):
    topic: str
    key: str
    value: bytes


@dataclass(frozen=True)
class DemoApp:
    key: AppKey
    voice: said.Voice
    weight: int
    """Its part of all lines, beside the others'."""


APPS = (
    DemoApp(AppKey("shop", "demo"), said.shop, 8),
    DemoApp(AppKey("api", "demo"), said.api, 6),
    DemoApp(AppKey("pay", "demo"), said.pay, 3),
    DemoApp(AppKey("search", "staging"), said.search, 3),
    DemoApp(AppKey("blog", "staging"), said.blog, 2),
)
TOPICS = (*sorted({app.key.space for app in APPS}), ROUTERS, BUILDS)

_PODS = ("web.5d9c7b8f6-x7k2p", "web.5d9c7b8f6-q4m9t", "worker.7f6b5c4d8-2hlzn")
_BUILD_STEPS = (
    "Cloning the repository",
    "FROM python:3.11-slim",
    "COPY . /app",
    "RUN pip install -r requirements.txt",
    "Collecting django",
    "Successfully installed django",
    "RUN python manage.py collectstatic",
    "Pushing the image",
)


def spoken(app: DemoApp, draw: Random) -> Iterator[Record]:
    """What one process of the app says, a record a line."""
    pod = draw.choice(_PODS)
    for line in (words := app.voice(draw)).lines:
        event = _event(app.key, pod, line, "stderr" if words.is_stderr else "stdout")
        yield Record(app.key.space, app.key.app, json.dumps(event).encode())


def routed(app: DemoApp, draw: Random) -> Iterator[Record]:
    """A request, as its router tells of it; a third of the shop's come by its site."""
    status = draw.choices((200, 201, 304, 404, 429, 502, 503), (60, 8, 10, 6, 2, 1, 1))[0]
    milliseconds = 3_000 if status > 500 else draw.randint(2, 400)
    path = f"/products/{draw.randint(1, 999)}"
    is_of_site = app is APPS[0] and draw.random() < 0.33
    line = (
        f"hostname={app.key}.example.com source=203.0.113.{draw.randint(1, 254)} path={path}"
        f" method=GET status={status} bytes={draw.randint(200, 9000)}"
        f" service={milliseconds}ms total={milliseconds + 1}ms"
        + (f" site_domain={SITE} site_path={path}" if is_of_site else "")
    )
    yield Record(ROUTERS, app.key.app, line.encode())


def built(app: DemoApp, number: int) -> Iterator[Record]:
    """All lines of one build."""
    for step, text in enumerate(_BUILD_STEPS, start=1):
        message = f"Step {step}/{len(_BUILD_STEPS)} : {text}\n"
        event = {"build": number, "job": app.key.app, "message": message, "metadata": str(app.key)}
        yield Record(BUILDS, app.key.app, json.dumps(event).encode())


def _event(app: AppKey, pod: str, line: str, stream: str) -> dict[str, object]:
    process, _, rest = pod.partition(".")
    container = app.app if process == "web" else f"{app.app}--{process}"
    return {
        "log": line + "\n",
        "stream": stream,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "docker": {"container_id": "3f4e"},
        "kubernetes": {
            "namespace_name": app.space,
            "pod_name": f"{container}-{rest}",
            "container_name": container,
            "labels": {"name": app.app},
            "host": "node-1.example",
        },
        "topic": app.space,
    }

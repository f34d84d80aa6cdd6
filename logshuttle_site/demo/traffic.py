"""Log lines of a small platform: three apps in two spaces, their routers and their builds."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime

import confluent_kafka as kafka

from events.kafka.client import client_conf
from events.keys import AppKey

APPS = (AppKey("shop", "demo"), AppKey("api", "demo"), AppKey("blog", "staging"))
PAUSE_SECONDS = (0.2, 1.2)

_PROCESSES = ("web", "web", "web", "worker")
_TEXTS = (
    "GET /products/{n} 200 in {ms} ms",
    "POST /orders 201 in {ms} ms",
    "GET /health 200 in 1 ms",
    "GET /products/{n}/reviews 404 in {ms} ms",
    "order {n} paid",
    "cache miss for product {n}, read from the database in {ms} ms",
    "job {n} done in {ms} ms",
)
_TROUBLES = (
    "database connection lost, trying again",
    "payment of order {n} declined by the bank",
    "unhandled exception: KeyError 'customer_{n}'",
)

_BUILD_STEPS = ("FROM python:3.11-slim", "COPY . /app", "RUN pip install -r requirements.txt")


async def write_lines(settings: Mapping[str, str]) -> None:
    """A line every half second or so, of one app or another, until cancelled."""
    producer = kafka.Producer(client_conf(settings))
    try:
        while True:
            app = random.choice(APPS)  # noqa: S311
            topic, value = _line(app)
            producer.produce(topic, value, key=app.app)
            producer.poll(0)
            await asyncio.sleep(random.uniform(*PAUSE_SECONDS))  # noqa: S311
    finally:
        producer.flush(2)


def _line(app: AppKey) -> tuple[str, bytes]:
    """Mostly the app's own, some of its router, now and then one of a build."""
    draw = random.random()  # noqa: S311
    if draw < 0.7:
        return app.space, json.dumps(_event(app)).encode()
    if draw < 0.95:
        return "alamoweblogs", _router_line(app).encode()
    return "alamobuildlogs", json.dumps(_build_event(app)).encode()


def _router_line(app: AppKey) -> str:
    milliseconds = random.randint(2, 400)  # noqa: S311
    status = random.choice((200, 200, 200, 201, 304, 404, 503))  # noqa: S311
    return (
        f"hostname={app}.example.com source=203.0.113.{random.randint(1, 254)}"  # noqa: S311
        f" path=/products/{random.randint(1, 999)} method=GET status={status}"  # noqa: S311
        f" bytes={random.randint(200, 9000)} service={milliseconds}ms total={milliseconds + 1}ms"  # noqa: S311
    )


def _build_event(app: AppKey) -> dict[str, object]:
    step = random.randint(1, 9)  # noqa: S311
    return {
        "build": 40,
        "job": app.app,
        "message": f"Step {step}/9 : {random.choice(_BUILD_STEPS)}\n",  # noqa: S311
        "metadata": str(app),
    }


def _event(app: AppKey) -> dict[str, object]:
    process = random.choice(_PROCESSES)  # noqa: S311
    container = app.app if process == "web" else f"{app.app}--{process}"
    trouble = random.random() < 0.1  # noqa: S311
    text = random.choice(_TROUBLES if trouble else _TEXTS)  # noqa: S311
    numbers = {"n": random.randint(1, 999), "ms": random.randint(2, 400)}  # noqa: S311
    return {
        "log": text.format(**numbers) + "\n",
        "stream": "stderr" if trouble else "stdout",
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "docker": {"container_id": "3f4e"},
        "kubernetes": {
            "namespace_name": app.space,
            "pod_name": f"{container}-5d9c7b8f6-x7k2p",
            "container_name": container,
            "labels": {"name": app.app},
            "host": "node-1.example",
        },
        "topic": app.space,
    }

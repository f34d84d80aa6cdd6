"""What the apps of the demo log: each as programs of its kind write."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import NamedTuple, TypeVar


class Said(NamedTuple):
    """What one process says at once: a line, or a trace of several."""

    lines: tuple[str, ...]
    is_stderr: bool = False


Voice = Callable[[Random], Said]
_Choice = TypeVar("_Choice")

_PYTHON_TRACE = (
    "ERROR order {n} failed",
    "Traceback (most recent call last):",
    '  File "/app/shop/orders.py", line 118, in checkout',
    "    payment = bank.charge(order.total, timeout=5)",
    '  File "/app/shop/bank.py", line 42, in charge',
    "    raise GatewayTimeout(f'no answer in {{timeout}} s')",
    "shop.bank.GatewayTimeout: no answer in 5 s",
)
_JAVA_TRACE = (
    "ERROR [exec-{k}] c.e.pay.Ledger - booking {n} was rolled back",
    'Exception in thread "exec-{k}" java.lang.IllegalStateException: booking {n} has no account',
    "\tat com.example.pay.Ledger.book(Ledger.java:214)",
    "\tat com.example.pay.Payments.settle(Payments.java:87)",
    "\tat com.example.pay.Queue.lambda$run$0(Queue.java:51)",
    "\tat java.base/java.lang.Thread.run(Thread.java:1583)",
    "Caused by: java.sql.SQLTransientConnectionException: pool is empty after 3000 ms",
    "\tat com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:182)",
    "\t... 4 more",
)


def shop(draw: Random) -> Said:
    """A Python web shop, in words."""
    numbers = _numbers(draw)
    if draw.random() < 0.012:
        return Said(tuple(line.format(**numbers) for line in _PYTHON_TRACE), is_stderr=True)
    text = _one_of(
        draw,
        (40, "INFO GET /products/{n} 200 in {ms} ms"),
        (12, "INFO POST /orders 201 in {ms} ms"),
        (8, "DEBUG cache miss for product {n}, read from the database in {ms} ms"),
        (4, "INFO order {n} paid, see https://shop.example/orders/{n}"),
        (3, "WARNING slow query: 1{ms} ms for SELECT … FROM products WHERE shelf = {k}"),
        (2, "WARNING payment of order {n} declined by the bank"),
        (1, "ERROR database connection lost, trying again"),
        (1, "unhandled exception: KeyError 'customer_{n}'"),
    )
    return Said((text.format(**numbers),), is_stderr=text[0] in "WEu")


def api(draw: Random) -> Said:
    """A Go service, in logfmt."""
    text = _one_of(
        draw,
        (50, 'level=info msg="request done" method=GET path=/v1/users/{n} status=200 dur={ms}ms'),
        (10, 'level=info msg="request done" method=PUT path=/v1/carts/{n} status=204 dur={ms}ms'),
        (6, 'level=debug msg="token renewed" user={n} ttl=3600'),
        (4, 'level=warn msg="upstream slow" upstream=pay attempt={k} dur=1{ms}ms'),
        (2, 'level=error msg="request failed" path=/v1/carts/{n} status=503 err="pool exhausted"'),
    )
    return Said((text.format(**_numbers(draw)),), is_stderr="level=error" in text)


def pay(draw: Random) -> Said:
    """A Java service behind a logging library."""
    numbers = _numbers(draw)
    if draw.random() < 0.015:
        return Said(tuple(line.format(**numbers) for line in _JAVA_TRACE), is_stderr=True)
    text = _one_of(
        draw,
        (40, "INFO  [exec-{k}] c.e.pay.Payments - payment {n} settled in {ms} ms"),
        (10, "DEBUG [exec-{k}] c.e.pay.Queue - {k} bookings wait"),
        (4, "WARN  [exec-{k}] c.e.pay.Bank - no answer after {ms} ms, attempt {k} of 5"),
    )
    return Said((text.format(**numbers),))


def search(draw: Random) -> Said:
    """A Node service, in JSON."""
    level, message = _one_of(
        draw,
        (40, ("info", "query answered")),
        (8, ("debug", "shard asked")),
        (4, ("warn", "shard is late")),
        (2, ("error", "shard gave no answer")),
    )
    numbers = _numbers(draw)
    event = {"level": level, "msg": message, "shard": numbers["k"], "ms": numbers["ms"]}
    event["query"] = draw.choice(("red shoes", "tea pot", "länger warm", "usb-c hub"))
    return Said((json.dumps(event, ensure_ascii=False),), is_stderr=level == "error")


def blog(draw: Random) -> Said:
    """A Ruby app that colours what it logs, as on its developer's terminal."""
    text = _one_of(
        draw,
        (30, "\x1b[36mStarted\x1b[0m GET \x1b[1m/posts/{n}\x1b[0m for 203.0.113.{k}"),
        (20, "\x1b[32mCompleted 200 OK\x1b[0m in {ms}ms (Views: {k}.4ms | DB: {k}.1ms)"),
        (10, "  \x1b[1m\x1b[34mPost Load ({k}.3ms)\x1b[0m SELECT posts.* WHERE id = {n}"),
        (2, "\x1b[33mWARN\x1b[0m comment {n} looks like spam"),
        (1, "\x1b[31mCompleted 500 Internal Server Error\x1b[0m in {ms}ms"),
    )
    return Said((text.format(**_numbers(draw)),))


def _numbers(draw: Random) -> dict[str, int]:
    """One request of thirty is slow."""
    milliseconds = draw.randint(2, 90) * (20 if draw.random() < 0.03 else 1)
    return {"n": draw.randint(100, 999), "k": draw.randint(1, 9), "ms": milliseconds}


def _one_of(draw: Random, *weighted: tuple[int, _Choice]) -> _Choice:
    weights, choices = zip(*weighted, strict=True)
    chosen: _Choice = draw.choices(choices, weights)[0]
    return chosen

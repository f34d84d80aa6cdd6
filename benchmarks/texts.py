"""What apps say: five kinds of lines, of 60 to 200 bytes."""

from __future__ import annotations

import json
from random import Random


def text(chance: Random, number: int) -> str:
    """One line, without its end."""
    return chance.choice(_KINDS)(chance, number)


def _access(chance: Random, number: int) -> str:
    return (
        f'10.2.{chance.randrange(256)}.{chance.randrange(256)} - - "GET /orders/{number}?page=2'
        f' HTTP/1.1" {chance.choice((200, 200, 304, 404))} {chance.randrange(9**6)}'
        ' "https://www.example.com/" "Mozilla/5.0 (X11; Linux x86_64)"'
    )


def _java(chance: Random, number: int) -> str:
    level = chance.choice(("INFO ", "INFO ", "WARN ", "DEBUG"))
    return (
        f"{level} [http-nio-8080-exec-{chance.randrange(10)}] c.e.orders.OrderService - Order"
        f" {number} of customer {chance.randrange(10**5)} placed in {chance.randrange(500)} ms"
    )


def _json(chance: Random, number: int) -> str:
    said = {
        "level": "info",
        "msg": "order placed",
        "order": number,
        "took_ms": chance.randrange(500),
        "trace_id": f"{chance.getrandbits(64):016x}",
        "path": f"/orders/{number}",
    }
    return json.dumps(said, separators=(",", ":"))


def _trace(chance: Random, number: int) -> str:
    line = chance.randrange(1, 900)
    return (
        f"\tat com.example.orders.OrderService.place(OrderService.java:{line})"
        rf" ~[orders-{number % 7}.jar!\BOOT-INF\classes:1.4.2]"
    )


def _wide(chance: Random, number: int) -> str:
    price = f"{chance.randrange(500)},{chance.randrange(100):02}"
    return f"Bestellung {number} für „Grüße & Söhne“ bestätigt – Zustellung über Köln, {price} €"


_KINDS = (_access, _java, _json, _trace, _wide)

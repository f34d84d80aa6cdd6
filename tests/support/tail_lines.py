"""Lines of a tail as its WebSocket has them, and texts that look like those of real apps."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime

WireLine = dict[str, str]

_ids = itertools.count(1)


def wire_line(text: str, **fields: str) -> WireLine:
    now = datetime.now(UTC)
    return {
        "id": f"t{next(_ids)}",
        "time": f"{now:%Y-%m-%dT%H:%M:%S.%f}Z",
        "name": "gold-gs",
        "source": "app",
        "process": "web",
        "tag": "web.1050769379-6ktnc",
        "stream": "stdout",
        "text": text,
        **fields,
    }


def router_line(text: str) -> WireLine:
    return wire_line(text, source="router", process="", tag="akkeris/router", stream="")


def sample(count: int, seed: int = 7) -> list[WireLine]:
    """As an app with a web and a worker process, its router and a build write them."""
    rng = random.Random(seed)
    return [_sample_line(rng, number) for number in range(count)]


def _sample_line(rng: random.Random, number: int) -> WireLine:
    order, ms, pod = (
        rng.randrange(10_000, 99_999),
        rng.randrange(3, 900),
        rng.choice(["6ktnc", "x2b9q"]),
    )
    web = {"process": "web", "tag": f"web.1050769379-{pod}"}
    worker = {"process": "worker", "tag": "worker.77f5d9c4b-m4x8z"}
    match rng.randrange(14):
        case 0:
            return wire_line(
                f'{{"level":"info","time":{1769860800123 + number},"pid":17,"msg":"order placed",'
                f'"order":{{"id":{order},"items":[{{"sku":"AU-{order}","qty":2}}],"total":129.9}},'
                f'"user":"anna@example.org","ms":{ms}}}',
                **web,
            )
        case 1:
            return wire_line(
                "\x1b[32minfo\x1b[39m: \x1b[1mPOST\x1b[22m /cart/items "
                f"\x1b[36m201\x1b[39m {ms} ms",
                **web,
            )
        case 2:
            return wire_line(
                f'level=warn msg="slow query" query="SELECT * FROM orders WHERE id = {order}" '
                f"ms={ms + 900}",
                **web,
            )
        case 3:
            return wire_line(
                f"ERROR payment {order} failed: connect ECONNREFUSED 10.2.0.17:5432",
                **web,
                stream="stderr",
            )
        case 4 | 5 | 6:
            path = rng.choice(["/", "/cart", f"/orders/{order}", "/assets/app.css"])
            status = rng.choice([200, 200, 200, 304, 404, 503])
            return router_line(
                f"bytes={ms * 31} method=GET request_id=8f{order}c-{number} fwd=192.0.2.{ms % 250} "
                f"dyno=web.{pod} connect=1ms service={ms}ms total={ms + 1}ms status={status} "
                f"host=gold-gs.example.org path={path}"
            )
        case 7:
            return wire_line(f"DEBUG cache miss key=user:{order}:basket", **worker)
        case 8:
            return wire_line(f"[worker] INFO: sent mail {order} in {ms} ms", **worker)
        case 9:
            return wire_line(
                "    at Connection.handle (/app/node_modules/pg/lib/client.js:132:73)",
                **web,
                stream="stderr",
            )
        case 10:
            return wire_line(f"Job {order} done, 3 left", **worker)
        case _:
            return wire_line(
                f'192.0.2.{ms % 250} - - "GET /orders/{order} HTTP/1.1" 200 {ms * 7} "-" '
                '"Mozilla/5.0 (X11; Linux x86_64)"',
                **web,
            )

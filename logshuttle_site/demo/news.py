"""What the demo does right now: asked for all the time, for whoever looks at the screen."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from logshuttle_site.demo.client import DemoClient

LINES_SECONDS = 1.0
OVERVIEW_SECONDS = 3.0
TAIL_SECONDS = 30.0
_SPAN_SECONDS = 5.0


@dataclass
class News:
    """Owned by `follow`; screens read it."""

    tail_url: str
    lines_in: float = 0.0
    lines_out: float = 0.0
    """A second."""
    drains: dict[str, int] = field(default_factory=dict)
    """By state."""
    head: str = ""
    tone: str = "info"


async def follow(news: News, client: DemoClient, metrics_url: str) -> None:
    """Until cancelled."""
    await asyncio.gather(
        _follow_lines(news, client, metrics_url),
        _follow_overview(news, client),
        _follow_tail(news, client),
    )


async def _follow_lines(news: News, client: DemoClient, metrics_url: str) -> None:
    """Rates of the last seconds."""
    seen: list[tuple[float, dict[str, float]]] = []
    while True:
        if now := await client.lines(metrics_url):
            seen.append((time.monotonic(), now))
            seen = [each for each in seen if each[0] > seen[-1][0] - _SPAN_SECONDS] or seen
            (begin, first), (end, last) = seen[0], seen[-1]
            if end > begin:
                news.lines_in = (last["received"] - first["received"]) / (end - begin)
                news.lines_out = (last["delivered"] - first["delivered"]) / (end - begin)
        await asyncio.sleep(LINES_SECONDS)


async def _follow_overview(news: News, client: DemoClient) -> None:
    while True:
        try:
            found = await client.overview()
        except OSError:  # whatever it is, its log knows more
            news.head, news.tone = "runweb gives no figures: look at its log", "error"
        else:
            news.drains = {
                state: count
                for state, count in found["drains"].items()
                if count and state != "total"
            }
            head = found["head"]
            news.head, news.tone = f"{head['text']} {head['detail']}".strip(), head["tone"]
        await asyncio.sleep(OVERVIEW_SECONDS)


async def _follow_tail(news: News, client: DemoClient) -> None:
    """A session is over after an hour, or when nobody has looked at it; the next one is shown."""
    while True:
        await asyncio.sleep(TAIL_SECONDS)
        try:
            if not await client.has_tail(news.tail_url):
                news.tail_url = await client.open_tail()
        except OSError:  # as the overview says by now
            continue

"""Five thousand lines a second, and the page stays as smooth as without them."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.tail_lines import sample
from tests.support.tail_page import TailPage
from tests.support.tail_server import TailServer

LINES_PER_SECOND = 5_000
_WATCH_FRAMES = """
    window.frames_ms = [];
    let before = performance.now();
    const frame = (now) => {
      window.frames_ms.push(now - before);
      before = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame((now) => { before = now; requestAnimationFrame(frame); });
"""


@pytest.mark.alone
@pytest.mark.parametrize(
    ("seconds", "frame_ms"),
    [
        (3, 300),
        pytest.param(20, 100, marks=pytest.mark.slow),
    ],
)
def test_a_flood_costs_no_frame(
    seconds: int, frame_ms: int, tail: TailPage, server: TailServer
) -> None:
    texts = [wire["text"] for wire in sample(500)]
    tail.open()
    tail.evaluate(_WATCH_FRAMES)
    server.flood(LINES_PER_SECOND, seconds, texts)
    expect(tail.page.locator("#counts")).to_contain_text("lines")
    frames = tail.evaluate("window.frames_ms")
    expect(tail.rows.last).to_be_in_viewport()
    held = tail.evaluate("document.getElementById('counts').textContent")
    print(f"{held}; {len(frames)} frames, worst {max(frames):.0f} ms")

    assert len(server.sent) >= LINES_PER_SECOND * (seconds - 0.5)
    assert max(frames) < frame_ms
    assert len(frames) > seconds * 20

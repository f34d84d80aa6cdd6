"""Which topics a session reads: all that can have lines of it, and no other."""

from __future__ import annotations

import pytest

from events.keys import AppKey, SiteKey
from sessions_app.tail.live.topic_demand import topics_for
from sessions_app.tail.session import Selection

GOLD = AppKey("gold", "gs")
SITE = SiteKey("www.gold.example")
ROUTERS, ISTIO, BUILDS = "alamoweblogs", "istio-access-logs", "alamobuildlogs"


@pytest.mark.parametrize(
    ("selection", "topics"),
    [
        (Selection(GOLD), {"gs", ROUTERS, ISTIO, BUILDS}),
        (Selection(GOLD, frozenset({"app"})), {"gs"}),
        (Selection(GOLD, frozenset({"router"})), {ROUTERS, ISTIO}),
        (Selection(GOLD, frozenset({"build"})), {ROUTERS, BUILDS}),
        (Selection(GOLD, frozenset({"app", "build"})), {"gs", ROUTERS, BUILDS}),
        (Selection(GOLD, processes=frozenset({"web"})), {"gs"}),
        (Selection(GOLD, frozenset({"router"}), frozenset({"web"})), set()),
        (Selection(GOLD, frozenset({"build", "app"}), streams=frozenset({"stderr"})), {"gs"}),
        (Selection(SITE), {ROUTERS}),
        (Selection(SITE, processes=frozenset({"web"})), set()),
        (Selection(SITE, frozenset({"app"})), set()),
    ],
)
def test_topics_of_a_selection(selection: Selection, topics: set[str]) -> None:
    assert topics_for(selection) == topics

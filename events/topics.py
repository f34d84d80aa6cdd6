"""Which topics there are, whose lines each can hold, and of which sources those lines are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from events.keys import Key, SiteKey
from events.lines import Source


class SourceTopic(NamedTuple):
    """Where one kind of sender writes the lines of all apps."""

    topic: str
    name: str
    """What operators call what writes there."""
    sources: frozenset[Source]
    """What its lines can be to whoever reads them."""


ROUTER = SourceTopic("alamoweblogs", "router", frozenset({"router", "build"}))
"""The only one with lines of sites. Old build shuttles write here too."""
ISTIO = SourceTopic("istio-access-logs", "istio", frozenset({"router"}))
BUILD = SourceTopic("alamobuildlogs", "build", frozenset({"build"}))

_SOURCES = {row.topic: row for row in (ROUTER, ISTIO, BUILD)}
SOURCE_TOPICS = frozenset(_SOURCES)
"""A space cannot have one of these names."""


def topics_of(key: Key) -> frozenset[str]:
    """The topics that can have lines of an app or a site."""
    if isinstance(key, SiteKey):
        return frozenset({ROUTER.topic})
    return SOURCE_TOPICS | {key.space}


def is_space_topic(topic: str) -> bool:
    """Whether a topic holds a space's Kubernetes lines."""
    return topic not in SOURCE_TOPICS and not topic.startswith("_")


def by_source(counts: Mapping[str, int]) -> Counter[str]:
    """Of what is counted by topic, by what writes there."""
    found: Counter[str] = Counter()
    for topic, count in counts.items():
        found[row_of(topic).name] += count
    return found


@lru_cache(10_000)
def row_of(topic: str) -> SourceTopic:
    """Every other topic is a space's, with lines of its apps."""
    return _SOURCES.get(topic) or SourceTopic(topic, "kubernetes", frozenset({"app"}))

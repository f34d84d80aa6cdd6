"""Which topics there are, and whose lines each can hold."""

from __future__ import annotations

from events.keys import Key, SiteKey

ROUTER_TOPIC = "alamoweblogs"
"""The only one with lines of sites."""
ISTIO_TOPIC = "istio-access-logs"
BUILD_TOPIC = "alamobuildlogs"

SOURCE_NAMES = {ROUTER_TOPIC: "router", ISTIO_TOPIC: "istio", BUILD_TOPIC: "build"}
"""What operators call them; every other topic's source is `kubernetes`."""
SOURCE_TOPICS = frozenset(SOURCE_NAMES)
"""A space cannot have one of these names."""


def topics_of(key: Key) -> frozenset[str]:
    """The topics that can have lines of an app or a site."""
    if isinstance(key, SiteKey):
        return frozenset({ROUTER_TOPIC})
    return SOURCE_TOPICS | {key.space}


def is_space_topic(topic: str) -> bool:
    """Whether a topic holds a space's Kubernetes lines."""
    return topic not in SOURCE_TOPICS and not topic.startswith("_")

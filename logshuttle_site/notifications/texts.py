"""A message in words: one sentence for whoever has only that, and its JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from drains.display.words import age, many
from drains.moments import in_words
from logshuttle_site.notifications.kinds import (
    CERTIFICATE,
    ENDED,
    FAILING,
    LAG,
    LOST,
    NO_WORKER,
    RECOVERED,
    TEST,
    WORKER_GONE,
    WORKERS_BACK,
)
from logshuttle_site.notifications.signs import Facts

NAMED = 3
"""So many of several are named."""
EACH_MAX = 50
"""So many are told one by one, the worst: receivers take no more than some 100 kB."""
_OURS = frozenset({"host", "port", "reason", "minutes", "drain_ids"})
"""Facts that only we ask for, by kind of what fails."""


def text_of(kind: str, each: Sequence[Facts]) -> str:
    """Of one thing, or of several together."""
    say = _SENTENCES[kind]
    said = " ".join(say(facts) for facts in each[:NAMED])
    more = len(each) - NAMED
    head = f"{len(each):,} {_SEVERAL[kind]}: " if len(each) > 1 else ""
    return f"{head}{said}{f' And {more:,} more.' if more > 0 else ''}".replace("\u00a0", " ")


def data_of(kind: str, each: Sequence[Facts], text: str) -> dict[str, Any]:
    """What a message has beside its type and time. `each`: the worst first."""
    shown = [_shown(kind, facts) for facts in each[:EACH_MAX]]
    if kind == LAG or len(shown) > 1:
        return {"text": text, "total": len(each), "each": shown}
    return {"text": text, **(shown[0] if shown else {})}


def _shown(kind: str, facts: Facts) -> Facts:
    hidden = _OURS if kind in (FAILING, RECOVERED, ENDED) else frozenset({"minutes"})
    return {name: value for name, value in facts.items() if name not in hidden}


def _failing(facts: Facts) -> str:
    since = f" since {_moment(facts['since'])}" if facts["since"] else ""
    fail = "fails" if facts["drains"] == 1 else "fail"
    return f"{facts['receiver']}: {facts['why']}. {_drains(facts)} {fail}{since}."


def _recovered(facts: Facts) -> str:
    return f"{facts['receiver']} takes lines again: no drain fails there for: {facts['reason']}."


def _ended(facts: Facts) -> str:
    became = {
        "failing": "its drains fail for another reason now",
        "paused": "its drains are paused, and nobody knows whether it takes lines again",
        "deleted": "its drains are deleted, or lead elsewhere",
    }[facts["outcome"]]
    return f"{facts['receiver']}: {facts['reason']}: that is over, as {became}."


def _lost(facts: Facts) -> str:
    parts = sorted(facts["reasons"].items(), key=lambda of: -of[1])
    reasons = ", ".join(f"{reason} {lines:,}" for reason, lines in parts)
    return f"{many(facts['lines'], 'line')} lost since {_moment(facts['since'])} ({reasons})."


def _late(facts: Facts) -> str:
    left = facts["seconds_left"]
    waits = f"{facts['owner']}: its oldest line waits for {age(facts['oldest_seconds'])}"
    return f"{waits}, and Kafka keeps it for {age(left)} more."


def _certificate(facts: Facts) -> str:
    host = f"[{facts['host']}]" if ":" in facts["host"] else facts["host"]
    whose = "The certificate" if facts["whose"] == "receiver" else "A drain's client certificate"
    of = "of" if facts["whose"] == "receiver" else "for"
    ends = f"{whose} {of} {host}:{facts['port']} ends at {_moment(facts['ends_at'])}"
    count = many(facts["drains"], "drain")
    return f"{ends}, within {many(facts['days'], 'day')}: {count}, such as {facts['owner']}."


def _no_worker(facts: Facts) -> str:
    last = facts["last_word"]
    since = f" since {_moment(last)}" if last else ""
    return f"No worker has reported{since}: no drain gets a line. Lines wait in Kafka."


def _back(facts: Facts) -> str:
    return "Workers report again."


def _gone(facts: Facts) -> str:
    last = _moment(facts["last_word"])
    return f"A worker on {facts['host']} is gone without a word: its last was at {last}."


def _test(facts: Facts) -> str:
    return "This is a test: notifications of Log shuttle come here."


def _drains(facts: Facts) -> str:
    names = ", ".join(facts.get("owners", ()))
    return f"{many(facts['drains'], 'drain')}{f' ({names})' if names else ''}"


def _moment(text: str) -> str:
    return in_words(datetime.fromisoformat(text))


_SENTENCES: Mapping[str, Callable[[Facts], str]] = {
    FAILING: _failing,
    RECOVERED: _recovered,
    ENDED: _ended,
    LOST: _lost,
    LAG: _late,
    CERTIFICATE: _certificate,
    NO_WORKER: _no_worker,
    WORKERS_BACK: _back,
    WORKER_GONE: _gone,
    TEST: _test,
}
_SEVERAL = {
    FAILING: "causes for which drains fail",
    RECOVERED: "causes are over",
    ENDED: "causes are over",
    LAG: "drains are late by more than half of the time for which Kafka keeps lines",
    CERTIFICATE: "certificates end",
    WORKER_GONE: "workers are gone",
}

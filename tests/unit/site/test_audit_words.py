"""An entry of the audit in one sentence, and side by side."""

from __future__ import annotations

from typing import Any

import pytest

from events.changes import Facts, differing
from logshuttle_site.audit.models import Entry
from logshuttle_site.audit.words import did, members_of

DRAIN = {"kind": "drain", "owner": "gold-gs", "about": "syslog://h:514"}


def entry(**values: Any) -> Entry:
    return Entry(**{"before": {}, "after": {}, **values})


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({**DRAIN, "what": "made"}, "added a drain: gold-gs → syslog://h:514"),
        ({**DRAIN, "what": "deleted"}, "deleted a drain: gold-gs → syslog://h:514"),
        (
            {**DRAIN, "what": "paused", "before": {"paused": False}, "after": {"paused": True}},
            "paused gold-gs → syslog://h:514",
        ),
        (
            {**DRAIN, "what": "changed", "before": {"connections": 1}, "after": {"connections": 4}},
            "changed gold-gs → syslog://h:514: connections 1 → 4",
        ),
        (
            {
                **DRAIN,
                "what": "changed",
                "before": {"name": "", "filter": {}, "headers": {"a": "***"}, "x": 1, "y": 2},
                "after": {"name": "a", "filter": {"p": 1}, "headers": {"a": "***"}, "x": 2, "y": 3},
            },
            "changed gold-gs → syslog://h:514: name – → a, filter, headers, and 2 more",
        ),
        ({**DRAIN, "what": "tested", "after": {"ok": True}}, "tested gold-gs → syslog://h:514"),
        (
            {**DRAIN, "what": "tested", "after": {"ok": False}},
            "tested gold-gs → syslog://h:514, which failed",
        ),
        (
            {"kind": "session", "what": "opened", "owner": "gold-gs", "about": "tail of gold-gs"},
            "opened a tail of gold-gs",
        ),
        ({"kind": "login", "what": "logged in", "about": "op"}, "logged in"),
        ({"kind": "secrets", "what": "rotated", "about": "all"}, "rotated secrets"),
        ({"kind": "key", "what": "made", "about": "ci"}, "made the key ci"),
        (
            {"kind": "key", "what": "revoked", "about": "ci", "owner": "gold-gs"},
            "revoked the key ci of gold-gs",
        ),
        ({"kind": "odd", "what": "moved", "about": "{owner}"}, "moved the odd {owner}"),
    ],
)
def test_a_sentence_says_what_was_done(values: dict[str, Any], sentence: str) -> None:
    assert did(entry(**values)) == sentence


def test_sides_stand_beside_each_other() -> None:
    before = {"url": "https://***@h/", "gone": 1, "name": "a"}
    after = {"url": "https://***@h/", "name": "b", "new": [True]}

    members = members_of(entry(before=before, after=after))

    assert [tuple(of) for of in members] == [
        ("url", "https://***@h/", "https://***@h/", True),
        ("gone", "1", None, False),
        ("name", "a", "b", False),
        ("new", None, "[\n  true\n]", False),
    ]


def test_what_is_behind_a_mask_is_another_though_it_looks_the_same() -> None:
    def facts(secret: str, name: str) -> Facts:
        return Facts({"url": "https://***@h/", "name": name, "same": 1}, {"url": secret})

    both = {"url": "https://***@h/"}
    assert differing(facts("a", "x"), facts("b", "x")) == (both, both)
    assert differing(facts("a", "x"), facts("a", "y")) == ({"name": "x"}, {"name": "y"})
    assert differing(facts("a", "x"), facts("a", "x")) == ({}, {})
    assert "'a'" not in repr(facts("a", "x"))

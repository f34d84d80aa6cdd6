"""Resume tokens: what was read is what is gone on from, and nothing else is believed."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.kafka.records import TopicPartition
from events.keys import AppKey, SiteKey
from sessions_app.tail.signer import Signer
from sessions_app.tail.tokens import (
    CHARACTERS_MAX,
    base_of,
    live_suffix,
    resume_of,
    topics_in_order,
)

GOLD = AppKey("gold", "gs")
TOPICS = topics_in_order(GOLD)
SOURCES = st.builds(TopicPartition, st.sampled_from(TOPICS), st.integers(0, 40))
SIGNER = Signer([b"key"], "session", TOPICS)


def signed(base: str, rest: str, signer: Signer = SIGNER) -> str:
    return f"{signer.signed(base)}.{rest}"


POSITIONS = st.dictionaries(SOURCES, st.integers(0, 2**50))


@given(positions=POSITIONS, line=st.integers(0, 10_000), data=st.data())
def test_a_live_place_is_found_again(
    positions: dict[TopicPartition, int], line: int, data: st.DataObject
) -> None:
    partition = data.draw(st.sampled_from(sorted(positions)) if positions else SOURCES)
    rest = live_suffix(TOPICS, partition).removeprefix(".")
    token = signed(base_of(TOPICS, positions), f"{rest}{line}")

    resume = resume_of(token, GOLD, SIGNER)

    if partition not in positions:
        assert resume is None
        return
    assert resume is not None
    assert (resume.positions, resume.partition, resume.skip) == (positions, partition, line + 1)
    assert resume.backlog_left is None


@given(positions=POSITIONS, left=st.integers(0, 1500))
def test_a_place_in_the_backlog_is_found_again(
    positions: dict[TopicPartition, int], left: int
) -> None:
    resume = resume_of(signed(base_of(TOPICS, positions), f"b{left}"), GOLD, SIGNER)

    assert resume is not None
    assert (resume.positions, resume.backlog_left, resume.partition) == (positions, left, None)


@given(text=st.text(alphabet=string.printable, max_size=60))
def test_what_is_no_token_is_refused_or_read_but_never_raises(text: str) -> None:
    base, _, rest = text.partition(".")
    assert resume_of(text, GOLD, SIGNER) is None
    resume = resume_of(signed(base, rest), GOLD, SIGNER)
    assert resume is None or all(at >= 0 for at in resume.positions.values())


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        "AAAA",  # a base alone
        "AAAAAAA.b0",  # more than four topics
        "AAAA.b0",  # fewer
        "AAAAAA=.b0000000",
        "AQAAAA.l9.0.1",
        "____.b0",
        "é.b0",
        "A" * (CHARACTERS_MAX + 1),
    ],
)
def test_no_token_of_ours(token: str) -> None:
    base, _, rest = token.partition(".")
    assert resume_of(token, GOLD, SIGNER) is None
    assert resume_of(signed(base, rest), GOLD, SIGNER) is None


@pytest.mark.parametrize(
    ("signer", "is_believed"),
    [
        (Signer([b"new", b"key"], "session", TOPICS), True),  # after a change of keys
        (Signer([b"new"], "session", TOPICS), False),
        (Signer([b"key"], "another", TOPICS), False),
        (Signer([b"key"], "session", TOPICS[:-1]), False),  # by a filter
    ],
)
def test_a_place_is_of_one_session(signer: Signer, is_believed: bool) -> None:
    token = signed(base_of(TOPICS, {TopicPartition("gs", 0): 7}), "b0")
    assert (resume_of(token, GOLD, signer) is not None) is is_believed


def test_a_place_that_was_not_signed_is_none() -> None:
    """As versions before gave them, or as anybody can make them up to read all that there is."""
    base = base_of(TOPICS, {TopicPartition("gs", 0): 0})
    far = base_of(TOPICS, {TopicPartition("gs", 0): 7})
    assert resume_of(f"{base}.b0", GOLD, SIGNER) is None
    assert resume_of(f"{base}.{SIGNER.signed(far).rpartition('.')[2]}.b0", GOLD, SIGNER) is None


def test_a_token_is_short() -> None:
    """Every line of server-sent events has one."""
    positions = {TopicPartition(topic, 0): 1_000_000 for topic in TOPICS}
    suffix = live_suffix(TOPICS, TopicPartition("gs", 0))
    assert len(signed(base_of(TOPICS, positions), suffix)) < 60


def test_a_sites_token_has_only_its_topic() -> None:
    key = SiteKey("www.example.com")
    topics = topics_in_order(key)
    positions = {TopicPartition(topics[0], 0): 7}
    resume = resume_of(signed(base_of(topics, positions), "b0"), key, SIGNER)
    assert resume is not None
    assert resume.positions == positions

"""The demo's traffic is what a platform writes, and has what there is to see."""

from __future__ import annotations

from itertools import chain
from random import Random

import pytest

from events.formats.decode import Decoder
from events.keys import Key, SiteKey
from logshuttle_site.demo.client import DRAINS
from logshuttle_site.demo.ports import RECEIVERS
from logshuttle_site.demo.traffic.records import (
    APPS,
    SITE,
    TOPICS,
    DemoApp,
    Record,
    built,
    routed,
    spoken,
)
from logshuttle_site.demo.traffic.traffic import lines_a_second
from logshuttle_site.terminal.levels import LEVELS, NONE, level_of
from tests.support.records import records_of

HOUR = 36_000  # tenths of a second


def test_an_hour_has_twenty_lines_a_second_and_a_burst_each_minute() -> None:
    rates = [lines_a_second(tenth / 10) for tenth in range(HOUR)]
    assert sum(rates) / HOUR == pytest.approx(19.5, abs=1)
    assert min(rates) >= 5
    assert sum(rate > 50 for rate in rates) == 60 * 30


def said(app: DemoApp, seed: int = 7) -> list[Record]:
    draw = Random(seed)
    many = (chain(spoken(app, draw), routed(app, draw)) for _ in range(400))
    return [*chain.from_iterable(many), *built(app, 1)]


@pytest.mark.parametrize("app", APPS, ids=lambda app: str(app.key))
def test_each_record_is_a_line_of_its_app(app: DemoApp) -> None:
    decoder, keys = Decoder(), set[Key]()
    for record in said(app):
        assert record.topic in TOPICS
        keys |= {
            line.origin.key for line in decoder.lines_of(records_of([record.value], record.topic))
        }

    assert decoder.malformed.counts.total() == 0
    assert keys - {SiteKey(SITE)} == {app.key}
    assert (SiteKey(SITE) in keys) == (app is APPS[0])


def test_there_are_all_levels_traces_and_colours() -> None:
    decoder = Decoder()
    records = chain.from_iterable(map(said, APPS))
    lines = [line for r in records for line in decoder.lines_of(records_of([r.value], r.topic))]
    texts = [line.text for line in lines]

    assert {level_of(line.text, line.origin.source) for line in lines} == {*LEVELS, NONE}
    for wanted in (
        "Traceback (",
        "Exception in thread",
        "\x1b[3",
        "level=error",
        '"level": "warn"',
    ):
        assert any(wanted in text for text in texts), wanted


def test_eight_drains_have_all_transports_and_receivers_and_names_of_their_own() -> None:
    schemes = {drain.scheme for drain in DRAINS}
    assert schemes == {"syslog", "syslog+tls", "syslog+udp", "http", "https"}
    assert {drain.receiver for drain in DRAINS} == set(RECEIVERS)
    assert len({drain.name for drain in DRAINS}) == len(DRAINS) == 8

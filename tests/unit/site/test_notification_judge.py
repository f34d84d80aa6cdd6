"""What operators are told, in each situation, and what they are spared."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from logshuttle_site.notifications.judge import (
    CERTIFICATE_SETTLED,
    LAG_EVERY,
    LAG_SETTLED,
    LOST_EVERY,
    TOGETHER_FROM,
    Fate,
    Known,
    Note,
    Wish,
    judge,
)
from logshuttle_site.notifications.kinds import WISHES
from logshuttle_site.notifications.signs import Seen, signs_of
from logshuttle_site.overview.values import Cause, ExpiringCertificate, Waiting, WorkerFigures

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOW = Seen(now=NOON, is_silent=False)


@dataclass
class Told:
    """A recipient, with the memory that the database has of it otherwise."""

    wish: Wish = field(default_factory=lambda: Wish(frozenset(WISHES), 5 * MINUTE, NOON - 30 * DAY))
    known: dict[str, Known] = field(default_factory=dict)
    first_seen: dict[str, datetime] = field(default_factory=dict)

    def see(self, seen: Seen, fate: Fate = "recovered") -> list[Note]:
        signs = signs_of(seen)
        self.first_seen = {of.key: self.first_seen.get(of.key, seen.now) for of in signs}
        verdict = judge(
            self.wish,
            self.known,
            signs,
            seen.now,
            is_silent=seen.is_silent,
            fates=dict.fromkeys(self.known, fate),
            first_seen=self.first_seen,
        )
        for key in verdict.over:
            del self.known[key]
        for key, sign in verdict.moved.items():
            self.known[sign.key] = self.known.pop(key)._replace(facts=sign.facts, gone_at=None)
        for sign in verdict.told:
            self.known[sign.key] = Known(sign.kind, sign.facts, seen.now)
        for keys, gone_at in ((verdict.gone, seen.now), (verdict.back, None)):
            for key in keys:
                self.known[key] = self.known[key]._replace(gone_at=gone_at)
        return verdict.notes

    def kinds(self, seen: Seen, fate: Fate = "recovered") -> list[str]:
        return [note.kind for note in self.see(seen, fate)]


@pytest.fixture
def told() -> Told:
    return Told()


def cause(why: str = "connection refused", host: str = "logs.example", **changes: Any) -> Cause:
    found = Cause(host, 514, why, 3, 2, NOON - 10 * MINUTE, 120, None)
    return found._replace(**changes)


def failing(*causes: Cause, after: timedelta = timedelta()) -> Seen:
    return replace(NOW, now=NOON + after, causes=list(causes))


def quiet(after: timedelta) -> Seen:
    return replace(NOW, now=NOON + after)


def worker(state: str, ago: timedelta) -> WorkerFigures:
    at = NOON - ago
    return WorkerFigures("w1", "host-1", "1", NOON - DAY, at, state, 0, 0, None, None, None, None)


# Drains that fail.


def test_a_failure_is_told_once_it_has_lasted(told: Told) -> None:
    young = cause(since=NOON - 4 * MINUTE)
    assert told.see(failing(young)) == []
    (note,) = told.see(failing(young, after=MINUTE))
    assert note.kind == "drains.failing"
    facts = note.items[0].facts
    assert facts["receiver"] == "logs.example:514"
    assert (facts["why"], facts["drains"], facts["behind"]) == ("connection refused", 3, 120)
    assert told.see(failing(young, after=2 * MINUTE)) == [], "once"


def test_without_minutes_it_is_told_at_once(told: Told) -> None:
    told.wish = told.wish._replace(minutes=timedelta())
    assert told.kinds(failing(cause(since=NOON))) == ["drains.failing"]


def test_each_receiver_and_reason_is_a_cause(told: Told) -> None:
    seen = failing(cause(), cause("timed out"), cause(host="other.example"))
    assert told.kinds(seen) == ["drains.failing"] * 3


def test_what_differs_from_answer_to_answer_is_no_other_cause(told: Told) -> None:
    busy = "HTTP 429: too many requests for the receiver; next try in {} s; it says: {}"
    seen = failing(cause(busy.format(3, "a")), cause(busy.format(9, "b"), since=NOON - HOUR))
    (note,) = told.see(seen)
    assert note.items[0].facts["drains"] == 6
    assert note.items[0].facts["since"] == "2026-11-27T11:00:00.000Z"
    assert told.see(failing(cause("HTTP 429: too many requests for the receiver"))) == []


def test_many_at_once_are_one_message(told: Told) -> None:
    hosts = [cause(host=f"logs-{n}.example") for n in range(TOGETHER_FROM + 1)]
    (note,) = told.see(failing(*hosts))
    assert len(note.items) == TOGETHER_FROM + 1
    assert told.see(failing(*hosts, after=MINUTE)) == []


def test_a_recovery_is_told_once_it_has_lasted(told: Told) -> None:
    told.see(failing(cause()))
    assert told.see(quiet(MINUTE)) == []
    assert told.see(quiet(5 * MINUTE)) == []
    (note,) = told.see(quiet(6 * MINUTE))
    assert note.kind == "drains.recovered"
    assert note.items[0].facts["receiver"] == "logs.example:514"
    assert told.see(quiet(7 * MINUTE)) == []
    assert told.known == {}


def test_of_what_nobody_was_told_nobody_hears_that_it_is_over(told: Told) -> None:
    told.see(failing(cause(since=NOON)))
    assert told.see(quiet(MINUTE)) == told.see(quiet(HOUR)) == []


def test_one_that_comes_and_goes_is_one_message(told: Told) -> None:
    told.wish = told.wish._replace(minutes=timedelta())
    said = told.kinds(failing(cause()))
    for step in range(1, 20):  # half a minute each
        at = step * MINUTE / 2
        said += told.kinds(quiet(at) if step % 2 else failing(cause(since=NOON + at), after=at))
    assert said == ["drains.failing"]


def test_another_reason_in_place_of_the_first_is_the_same_trouble(told: Told) -> None:
    told.see(failing(cause()))
    for minutes in range(1, 50):  # a receiver that is about to die says now this, now that
        why = "timed out" if minutes % 3 == 0 else "connection refused"
        assert told.see(failing(cause(why), after=minutes * MINUTE), "failing") == []
    assert told.see(quiet(50 * MINUTE)) == []
    (note,) = told.see(quiet(58 * MINUTE))
    assert (note.kind, note.items[0].facts["why"]) == ("drains.recovered", "connection refused")


def test_another_reason_beside_the_first_has_to_last(told: Told) -> None:
    told.see(failing(cause()))
    said = [
        (minutes, kind)
        for minutes in range(1, 20)
        for kind in told.kinds(failing(cause(), cause("timed out"), after=minutes * MINUTE))
    ]
    assert said == [(6, "drains.failing")]


@pytest.mark.parametrize("fate", ["paused", "deleted", "failing"])
def test_drains_that_are_paused_or_deleted_have_not_recovered(told: Told, fate: Fate) -> None:
    told.see(failing(cause()))
    told.see(quiet(MINUTE), fate)
    (note,) = told.see(quiet(HOUR), fate)
    assert (note.kind, note.items[0].facts["outcome"]) == ("drains.ended", fate)


def test_nothing_has_recovered_of_which_no_worker_speaks(told: Told) -> None:
    told.see(failing(cause()))
    for minutes in range(1, 60):
        assert told.see(quiet(minutes * MINUTE), "unheard") == []
    silent = replace(NOW, is_silent=True, last_word=NOON, first_drain_at=NOON - DAY)
    said = [told.kinds(replace(silent, now=NOON + HOUR + n * MINUTE)) for n in range(60)]
    assert said[0] == ["workers.none"]
    assert not any(said[1:])


def test_who_wants_no_recoveries_gets_none_and_hears_of_the_next_failure(told: Told) -> None:
    told.wish = told.wish._replace(kinds=frozenset({"drains.failing"}))
    assert told.kinds(failing(cause())) == ["drains.failing"]
    assert told.see(quiet(MINUTE)) == told.see(quiet(7 * MINUTE)) == []
    again = cause(since=NOON + HOUR)
    assert told.kinds(failing(again, after=2 * HOUR)) == ["drains.failing"]


def test_who_wants_to_hear_of_failures_no_more_hears_of_no_recovery_that_is_none(
    told: Told,
) -> None:
    told.see(failing(cause()))
    told.wish = told.wish._replace(kinds=frozenset({"drains.recovered"}))
    for hours in range(1, 9):
        assert told.see(failing(cause(), after=hours * HOUR)) == []
    assert told.see(quiet(9 * HOUR)) == []
    assert told.kinds(quiet(10 * HOUR)) == ["drains.recovered"]


# Workers.


def test_no_worker_is_told_half_a_minute_after_the_last_word_and_so_is_their_return(
    told: Told,
) -> None:
    seen = replace(NOW, is_silent=True, last_word=NOON, first_drain_at=NOON - DAY)
    assert told.see(replace(seen, now=NOON + timedelta(seconds=29))) == []
    assert told.kinds(replace(seen, now=NOON + timedelta(seconds=30))) == ["workers.none"]
    assert told.see(quiet(MINUTE)) == []
    assert told.kinds(quiet(2 * MINUTE)) == ["workers.back"]


def test_without_drains_nobody_misses_a_worker(told: Told) -> None:
    assert told.see(replace(NOW, is_silent=True)) == []


def test_a_worker_that_dies_beside_others_is_told_once(told: Told) -> None:
    seen = replace(NOW, workers=[worker("gone", MINUTE), worker("working", timedelta())])
    (note,) = told.see(seen)
    assert (note.kind, note.items[0].facts["host"]) == ("workers.gone", "host-1")
    assert told.see(seen) == []
    assert told.see(quiet(MINUTE)) == told.see(quiet(HOUR)) == []


# Lines that are lost, or will be.


def lost(after: timedelta, **minutes: int) -> Seen:
    found = {f"2026-11-27T12:{of[1:]}:00.000Z": {"retention": n} for of, n in minutes.items()}
    return replace(NOW, now=NOON + after, lost=found)


def test_losses_are_told_as_they_grow_and_not_more_often_than_is_bearable(told: Told) -> None:
    (note,) = told.see(lost(MINUTE, m00=7))
    assert note.kind == "lines.lost"
    assert note.items[0].facts["lines"] == 7
    assert told.see(lost(2 * MINUTE, m00=9, m01=1)) == [], "in five minutes"
    (note,) = told.see(lost(MINUTE + LOST_EVERY, m00=9, m01=1))
    assert note.items[0].facts["reasons"] == {"retention": 3}
    assert told.see(lost(HOUR, m00=9, m01=1)) == [], "nothing new"


def test_what_was_lost_before_there_was_a_recipient_is_no_news(told: Told) -> None:
    told.wish = told.wish._replace(since=NOON + MINUTE)
    assert told.see(lost(2 * MINUTE, m00=7)) == []
    assert told.kinds(lost(2 * MINUTE, m00=7, m01=1)) == ["lines.lost"]


def test_lag_at_half_of_retention_is_one_message_of_all_drains(told: Told) -> None:
    late = [Waiting(f"d{n}", f"gold{n}-gs", 4 * 3600.0, 3 * 3600.0) for n in range(3)]
    well = [Waiting("d8", "lead-gs", 2 * 3600.0, 5 * 3600.0), Waiting("d9", "tin-gs", 9e9, None)]
    (note,) = told.see(replace(NOW, waiting=late + well))
    assert note.kind == "lag.half_of_retention"
    assert [item.facts["owner"] for item in note.items] == ["gold0-gs", "gold1-gs", "gold2-gs"]
    assert told.see(replace(NOW, waiting=late)) == []
    assert told.see(quiet(MINUTE)) == [], "nothing is said of its end"
    assert told.see(replace(NOW, now=NOON + 2 * MINUTE, waiting=late)) == [], "it came and went"
    assert told.see(quiet(3 * MINUTE)) == told.see(quiet(4 * MINUTE + LAG_SETTLED)) == []
    assert told.kinds(replace(NOW, now=NOON + DAY, waiting=late)) == ["lag.half_of_retention"]


def test_drains_that_are_late_one_after_the_other_are_told_together(told: Told) -> None:
    """One more every two seconds, as when all have failed since about the same time."""
    late = [Waiting(f"d{n}", f"gold{n}-gs", 4 * 3600.0, 3 * 3600.0 - n) for n in range(601)]
    said = {}
    for step in range(1, len(late) + 1):
        at = NOON + timedelta(seconds=2 * step)
        for note in told.see(replace(NOW, now=at, waiting=late[:step])):
            said[at - NOON] = [item.facts["owner"] for item in note.items]
    first = timedelta(seconds=2)
    assert [*said] == [first, first + LAG_EVERY, first + 2 * LAG_EVERY]
    names = [of.owner for of in late]
    assert said[first] == names[:1]
    assert said[first + LAG_EVERY] == names[300:0:-1], "the least time left first"
    assert {*said[first + 2 * LAG_EVERY]} == {*names[301:]}


def test_of_many_at_once_the_worst_stands_first(told: Told) -> None:
    hosts = [cause(host=f"logs-{n}.example", drains=n) for n in range(TOGETHER_FROM + 1)]
    (note,) = told.see(failing(*hosts))
    assert [item.facts["drains"] for item in note.items] == [*range(TOGETHER_FROM, -1, -1)]
    ends = [NOON + timedelta(hours=23 - n) for n in range(TOGETHER_FROM + 1)]
    ending = [ExpiringCertificate("receiver", "logs.example", 6514, at, 1, "a-b") for at in ends]
    note = told.see(replace(failing(*hosts), certificates=ending))[0]
    assert [item.facts["ends_at"][11:13] for item in note.items][:2] == ["01", "02"]


def test_a_certificate_that_is_not_shown_for_a_while_is_not_told_again(told: Told) -> None:
    ends_at = NOON + 29 * DAY
    one = ExpiringCertificate("receiver", "logs.example", 6514, ends_at, 2, "gold-gs")
    said = []
    for hours in range(37 * 24):  # its drain is paused every other hour
        shown = [one] if hours % 2 else []
        notes = told.see(replace(NOW, now=NOON + hours * HOUR, certificates=shown))
        said += [note.items[0].facts["days"] for note in notes]
    assert said == [30, 7, 1]
    told.see(quiet(29 * DAY + CERTIFICATE_SETTLED))
    told.see(quiet(29 * DAY + CERTIFICATE_SETTLED + HOUR))
    assert told.known == {}, "in the end it is forgotten"


def test_the_end_of_a_certificate_is_told_three_times(told: Told) -> None:
    ends_at = NOON + 29 * DAY + HOUR
    one = ExpiringCertificate("receiver", "logs.example", 6514, ends_at, 2, "gold-gs")
    said = {}
    for hours in range(29 * 24 + 2):
        at = NOON + hours * HOUR
        for note in told.see(replace(NOW, now=at, certificates=[one])):
            assert note.kind == "certificate.ends"
            said[note.items[0].facts["days"]] = (ends_at - at).total_seconds() / 86_400
    assert said == {30: pytest.approx(29, abs=0.1), 7: 7, 1: 1}


def test_only_what_was_chosen_is_told(told: Told) -> None:
    told.wish = told.wish._replace(kinds=frozenset({"lines.lost"}))
    everything = replace(
        lost(MINUTE, m00=1),
        causes=[cause()],
        workers=[worker("gone", MINUTE)],
        waiting=[Waiting("d1", "gold-gs", 9.0, 1.0)],
    )
    assert told.kinds(everything) == ["lines.lost"]

"""What a recipient is to be told: of what is seen now, of what it has been told, and of the time.

A cause that comes and goes is one message: what has been told is over only once it has not been
seen for a while. Of what nobody was told nobody has to know that it is over.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from drains.status_models import FRESH
from logshuttle_site.notifications.kinds import (
    CERTIFICATE,
    ENDED,
    FAILING,
    LAG,
    LOST,
    NO_WORKER,
    RECOVERED,
    WORKERS_BACK,
    wish_of,
)
from logshuttle_site.notifications.signs import Facts, Sign
from logshuttle_site.overview import facts as certificates

SETTLED = timedelta(minutes=1)
"""What is seen no more for so long is over, at the earliest."""
LAG_SETTLED = timedelta(hours=1)
CERTIFICATE_SETTLED = certificates.ENDED + timedelta(days=1)
"""After it has ended: until then who is paused, or away, may show it once more."""
LOST_EVERY = timedelta(minutes=5)
"""Losses that follow each other are told of together."""
LAG_EVERY = timedelta(minutes=10)
"""Drains that are late one after the other, too: less than LAG_SETTLED."""
TOGETHER_FROM = 10
"""More of one kind at once are one message."""

Fate = Literal["recovered", "failing", "paused", "deleted", "unheard"]
"""What has become of drains that failed: some work; they fail for another reason; they are paused;
they are no more; nobody says."""


class Wish(NamedTuple):
    """What one recipient wants."""

    kinds: frozenset[str]
    """Of kinds.WISHES."""
    minutes: timedelta
    since: datetime


class Known(NamedTuple):
    """It has been told of this, and that is not over."""

    kind: str
    facts: Facts
    told_at: datetime
    gone_at: datetime | None = None


class Item(NamedTuple):
    key: str
    facts: Facts


class Note(NamedTuple):
    """A message, of one thing or of several together."""

    kind: str
    items: tuple[Item, ...]


@dataclass(slots=True)
class Verdict:
    notes: list[Note] = field(default_factory=list)
    told: list[Sign] = field(default_factory=list)
    """Known from now on."""
    gone: list[str] = field(default_factory=list)
    """Keys of what is seen no more, for the first time."""
    back: list[str] = field(default_factory=list)
    over: list[str] = field(default_factory=list)
    moved: dict[str, Sign] = field(default_factory=dict)
    """What is known by these keys goes on for another reason: nothing is told of that."""

    @property
    def news(self) -> list[Sign]:
        """What is written down."""
        return [*self.told, *self.moved.values()]


def judge(
    wish: Wish,
    known: Mapping[str, Known],
    signs: Iterable[Sign],
    now: datetime,
    *,
    is_silent: bool = False,
    fates: Mapping[str, Fate] | None = None,
    first_seen: Mapping[str, datetime] | None = None,
) -> Verdict:
    """`is_silent`: no worker says anything. `fates`: of known failures that are seen no more.
    `first_seen`: since when signs are seen without a break, where that is known."""
    verdict, found = Verdict(), dict[str, list[Item]]()
    seen = {sign.key: sign for sign in signs}
    failing = {of.facts["receiver"] for of in known.values() if of.kind == FAILING}
    muted = {LAG} if any(_is_lately(of, now) for of in known.values()) else set[str]()
    left = _left(known, seen)
    for key, sign in seen.items():
        if key not in known and sign.kind == FAILING and sign.facts["receiver"] in left:
            verdict.moved[left.pop(sign.facts["receiver"])] = sign
        elif key in known and sign.kind != LOST:
            verdict.back += [key] if known[key].gone_at is not None else []
        elif wish_of(sign.kind) not in wish.kinds or sign.kind in muted:
            continue
        elif sign.kind == LOST:
            _judge_losses(sign, known.get(key), wish, now, verdict)
        elif _is_due(sign, _since(sign, failing, first_seen or {}, now), wish, now):
            verdict.told.append(sign)
            found.setdefault(sign.kind, []).append(Item(key, sign.facts))
    for key, of in known.items():
        if key in seen or key in verdict.moved or of.kind == LOST:
            continue
        if not (is_silent and of.kind in (FAILING, LAG)):
            fate = (fates or {}).get(key, "recovered")
            _judge_end(key, of, fate, wish, now, verdict, found)
    for kind, items in found.items():
        verdict.notes += _notes(kind, items)
    return verdict


def _left(known: Mapping[str, Known], seen: Container[str]) -> dict[str, str]:
    """Receivers that are known to fail for a reason that is seen no more, and its key."""
    failing = ((key, of) for key, of in known.items() if of.kind == FAILING)
    return {of.facts["receiver"]: key for key, of in failing if key not in seen}


def _since(
    sign: Sign, failing: Container[str], first_seen: Mapping[str, datetime], now: datetime
) -> datetime | None:
    """Of a receiver that is known to be `failing` another reason has to last by itself: its drains
    have failed for long, and their reasons may come and go."""
    if sign.kind == FAILING and sign.facts["receiver"] in failing:
        return first_seen.get(sign.key, now)
    return sign.since


def _is_lately(of: Known, now: datetime) -> bool:
    """It has just been told that drains are late: more of them wait for the next message."""
    return of.kind == LAG and now - of.told_at < LAG_EVERY


def _is_due(sign: Sign, since: datetime | None, wish: Wish, now: datetime) -> bool:
    wait = {FAILING: wish.minutes, NO_WORKER: FRESH}.get(sign.kind)
    return wait is None or since is None or now - since >= wait


def _judge_end(
    key: str,
    of: Known,
    fate: Fate,
    wish: Wish,
    now: datetime,
    verdict: Verdict,
    found: dict[str, list[Item]],
) -> None:
    if fate == "unheard":
        return
    if of.gone_at is None:
        verdict.gone.append(key)
        return
    if now < _settles_at(of, of.gone_at, wish):
        return
    verdict.over.append(key)
    if of.kind == FAILING:
        kind = RECOVERED if fate == "recovered" else ENDED
    elif of.kind == NO_WORKER:
        kind = WORKERS_BACK
    else:
        return
    if wish_of(kind) in wish.kinds:
        found.setdefault(kind, []).append(Item(key, {**of.facts, "outcome": fate}))


def _settles_at(of: Known, gone_at: datetime, wish: Wish) -> datetime:
    """When it is over, if it is not seen again."""
    if of.kind == CERTIFICATE:
        return datetime.fromisoformat(of.facts["ends_at"]) + CERTIFICATE_SETTLED
    settled = {FAILING: max(wish.minutes, SETTLED), LAG: LAG_SETTLED}
    return gone_at + settled.get(of.kind, SETTLED)


def _judge_losses(
    sign: Sign, before: Known | None, wish: Wish, now: datetime, verdict: Verdict
) -> None:
    """New is what minutes have now and had not when it was last told."""
    if before is not None and now - before.told_at < LOST_EVERY:
        return
    had = before.facts["minutes"] if before else {}
    new: dict[str, int] = {}
    first = wish.since.replace(second=0, microsecond=0)
    begins = []
    for minute, reasons in sign.facts["minutes"].items():
        if datetime.fromisoformat(minute) < first:
            continue
        for reason, lines in reasons.items():
            more = lines - had.get(minute, {}).get(reason, 0)
            if more > 0:
                new[reason] = new.get(reason, 0) + more
                begins.append(minute)
    if new:
        facts = {"lines": sum(new.values()), "reasons": new, "since": min(begins)}
        verdict.over += [sign.key] if before else []
        verdict.told.append(sign)
        verdict.notes.append(Note(LOST, (Item(sign.key, facts),)))


def _notes(kind: str, items: list[Item]) -> list[Note]:
    if kind == LAG or len(items) > TOGETHER_FROM:
        return [Note(kind, tuple(sorted(items, key=lambda item: _weight(kind, item.facts))))]
    return [Note(kind, (item,)) for item in items]


def _weight(kind: str, facts: Facts) -> Any:
    """What is worst has the least: it is named, where not all are."""
    if kind == LAG:
        return facts["seconds_left"]
    return facts["ends_at"] if kind == CERTIFICATE else -facts.get("drains", 0)

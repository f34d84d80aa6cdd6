"""Random histories of drains, and what each drain must, may and must not have got at the end.

A history is one space: its topic, its apps, up to three drains. All it does is drawn from its seed,
so that a history that went wrong can be told again. Where a drain starts is bracketed: by the
ends of its partitions before its POST was sent, and after its 201 had come.
"""

from __future__ import annotations

import itertools
import math
import random
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.support.broker import Broker
from tests.support.judge import Place, judge, numbered
from tests.support.receivers import Receiver
from tests.support.shuttle import Shuttle, numbered_events, tag_and_text

SLOTS = 3
"""Drains that a history may have, each with two receivers that are its own in that space."""
PARTITIONS_MAX = 4
LONG_SECONDS = 2_592_000
SHORT_SECONDS = 60
_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_YEAR_2000_MS = 946_684_800_000
_NO_STAMP = -1
_ANY = str(2**63 - 1)
# A stamp may be anything, and takes no record away.
_TOPIC = {
    "retention_ms": "-1",
    "segment_ms": _ANY,
    "message_timestamp_before_max_ms": _ANY,
    "message_timestamp_after_max_ms": _ANY,
}
_NOTICE = re.compile(r"Error L10 \(output buffer overflow\): (?:about )?(\d+) messages? dropped")
_ASK_SECONDS = 0.3
_SHOWN = 12


class Inbox:
    """What receivers have got, by slot and space; each line is looked at once."""

    def __init__(self, receivers: list[tuple[Receiver, Receiver]]) -> None:
        self.receivers = receivers
        self._read: dict[tuple[int, int], int] = defaultdict(int)
        self._got: dict[tuple[int, str], Got] = defaultdict(Got)

    def of(self, slot: int, space: str) -> Got:
        return self._got[slot, space]

    def look(self) -> None:
        for slot, pair in enumerate(self.receivers):
            for side, receiver in enumerate(pair):
                lines, begin = receiver.lines(), self._read[slot, side]
                for line in lines[begin:]:
                    hostname = line.split(b" ", 3)[2].decode()
                    self._got[slot, hostname.partition("-")[2]].add(side, hostname, line)
                self._read[slot, side] = len(lines)


class Got:
    """What one drain's two receivers have got of a space."""

    def __init__(self) -> None:
        self.lines: tuple[list[tuple[str, str]], list[tuple[str, str]]] = ([], [])
        self.texts: set[str] = set()
        self.hostnames: set[str] = set()
        self.told_lost = 0
        """As the notices say."""

    def add(self, side: int, hostname: str, line: bytes) -> None:
        self.hostnames.add(hostname)
        tag, text = tag_and_text(line)
        if tag == "logshuttle":
            told = _NOTICE.match(text)
            self.told_lost += int(told[1]) if told else 0
        else:
            self.lines[side].append((tag, text))
            self.texts.add(text)


@dataclass(frozen=True)
class Record:
    app: str
    partition: int
    offset: int
    seq: int
    stamp_ms: int
    """As its producer said, or as Kafka did."""
    text: str

    def __str__(self) -> str:
        return f"p{self.partition}@{self.offset} {self.app} seq={self.seq} stamp={self.stamp_ms}"


@dataclass
class MadeDrain:
    slot: int
    app: str
    key: str
    drain_id: str
    max_lag_seconds: int
    before: dict[int, int]
    """Ends of the partitions before its POST: nothing below is its own."""
    after: dict[int, int]
    """And after its 201: all from there on is its own."""
    side: int = 0
    """Which of its receivers its URL names."""
    paused: bool = False
    deleted: bool = False
    names: int = 0
    lines_lost: int = 0
    """As REST says,"""
    asked_at: float = -math.inf
    """and when it was asked last."""

    @property
    def path(self) -> str:
        return f"/apps/{self.key}/log-drains/{self.drain_id}"


class Faults(Exception):  # noqa: N818 - a report
    """What went wrong in one history."""


class History:
    """`topic`: a fresh name. Steps may run in any thread, one at a time."""

    def __init__(
        self,
        name: str,
        seed: str,
        topic: str,
        shuttle: Shuttle,
        broker: Broker,
        inbox: Inbox,
        clock: Callable[[], float],
    ) -> None:
        self.name = name
        self.space = topic
        self.steps: list[str] = []
        self.drains: list[MadeDrain] = []
        self.settles = False
        """Whether all is to be delivered before the next step."""
        self._random = random.Random(seed)
        self._shuttle = shuttle
        self._broker = broker
        self._inbox = inbox
        self._clock = clock
        self._apps = self._random.choice([["gold"], ["gold"], ["gold", "iron"]])
        self._partitions = 0
        self._records: list[Record] = []
        self._seqs: dict[tuple[str, int], int] = defaultdict(int)
        self._lows: dict[int, int] = defaultdict(int)
        self._creates_at = self._random.choice([0, 0, 0, 1, 2])
        self._is_stamped_by_kafka = False
        self._is_late = self._random.random() < 0.2
        """Its topic comes when it has drains already."""

    # What happens.

    def step(self, number: int) -> None:
        """One round."""
        if not self._partitions and not self._is_late:
            self._create_topic()
            if self._random.random() < 0.5:
                self._produce()
        if number == self._creates_at and len(self.drains) < SLOTS:
            self._create_drain()
        for act in self._chosen(self._random.choice([1, 1, 2, 3])):
            act()
        self.settles = self._random.random() < 0.25

    def finish(self) -> None:
        """All is there, and nothing stands in the way of delivery."""
        if not self._partitions:
            self._create_topic()
            self._produce()
        if not self.drains:
            self._create_drain()
        for drain in self.drains:
            if drain.paused and not drain.deleted:
                self._set_paused(drain, paused=False)
        self._produce()
        self.note("end")

    def note(self, what: str) -> None:
        self.steps.append(f"{self._clock():6.2f}s {what}")

    def _chosen(self, count: int) -> Iterator[Callable[[], None]]:
        for _ in range(count):
            able = self._able()
            yield self._random.choices([act for act, _ in able], [w for _, w in able])[0]

    def _able(self) -> list[tuple[Callable[[], None], float]]:
        """What can be done now, and how likely it is."""
        living = [drain for drain in self.drains if not drain.deleted]
        able: list[tuple[Callable[[], None], float]] = []
        if self._partitions:
            able.append((self._produce, 6))
            able.append((self._retain, 1.5))
            if self._partitions < PARTITIONS_MAX:
                able.append((self._grow, 0.7))
        elif living:
            able.append((self._create_topic, 1.5))
        if len(self.drains) < SLOTS:
            able.append((self._create_drain, 1.5))
        if living:
            able.append((lambda: self._toggle_pause(self._random.choice(living)), 3))
            able.append((lambda: self._move(self._random.choice(living)), 2))
            able.append((lambda: self._rename(self._random.choice(living)), 0.7))
        if len(living) > 1:
            able.append((lambda: self._delete(self._random.choice(living)), 0.3))
        return able

    def _create_topic(self) -> None:
        count = self._random.choice([1, 1, 2, 3])
        config = dict(_TOPIC)
        self._is_stamped_by_kafka = self._random.random() < 0.1
        if self._is_stamped_by_kafka:
            config["message_timestamp_type"] = "LogAppendTime"
        self._broker.create(self.space, count, **config)
        self._partitions = count
        self.note(f"topic of {count}, {config.get('message_timestamp_type', 'CreateTime')}")

    def _grow(self) -> None:
        self._partitions += 1
        self._broker.grow(self.space, self._partitions)
        self.note(f"{self._partitions} partitions")
        self._produce()

    def _produce(self) -> None:
        """Some groups of lines, each with a clock of its own."""
        self._produce_groups(self._groups())

    def _groups(self) -> list[tuple[str, int, int, str, int | None]]:
        """(app, partition, lines, kind of stamp, stamp), drawn before any thread has a say."""
        return [
            (
                self._random.choice(self._apps),
                self._random.randrange(self._partitions),
                self._random.randint(1, 12),
                *self._stamp(),
            )
            for _ in range(self._random.randint(1, 5))
        ]

    def _produce_groups(self, groups: Iterable[tuple[str, int, int, str, int | None]]) -> None:
        for app, partition, count, kind, stamp in groups:
            start = self._seqs[app, partition]
            self._seqs[app, partition] += count
            events = list(numbered_events(app, self._run(app), partition, count, start=start))
            places = self._broker.produce(
                self.space, events, partition=partition, timestamp_ms=stamp
            )
            if stamp is None or self._is_stamped_by_kafka:
                stamp = int(time.time() * 1000)
            run = self._run(app)
            self._records += [
                Record(app, partition, offset, seq, stamp, text)
                for text, seq, (_, offset) in zip(
                    numbered(run, partition, count, start=start), itertools.count(start), places
                )
            ]
            self.note(f"{app} p{partition}@{places[0][1]}..{places[-1][1]} {kind}")

    def _stamp(self) -> tuple[str, int | None]:
        now = int(time.time() * 1000)
        skew = self._random.randint(-_HOUR_MS, _HOUR_MS)
        days = self._random.randint(_DAY_MS, 20 * _DAY_MS)
        stamps: list[tuple[str, int | None]] = [
            ("Kafka client's clock", None),
            (f"clock {skew / 60_000:+.0f} min", now + skew),
            ("in seconds", now // 1000),
            ("in microseconds", now * 1000),
            ("no stamp", _NO_STAMP),
            (f"event {days / _DAY_MS:.0f} days ago", now - days),
        ]
        return self._random.choices(stamps, [2, 4, 2, 2, 2, 3])[0]

    def _create_drain(self) -> None:
        """While lines come, at times."""
        slot, app = len(self.drains), self._random.choice(self._apps)
        limit = SHORT_SECONDS if self._random.random() < 0.12 else LONG_SECONDS
        groups = self._groups() if self._partitions and self._random.random() < 0.5 else []
        before = self._ends()
        with ThreadPoolExecutor(1) as pool:
            producing = pool.submit(self._produce_groups, groups)
            made = self._shuttle.add_drain(
                f"{app}-{self.space}", self._url(slot, 0), max_lag_seconds=limit
            )
            answered = self._clock()
            after = self._ends()
            producing.result()
        assert made["start"] == "exact", made
        drain = MadeDrain(slot, app, f"{app}-{self.space}", made["id"], limit, before, after)
        self.drains.append(drain)
        self.note(
            f"drain {slot} of {app} made ({answered:.2f}s), limit {limit},"
            f" start {before}..{after}, id {made['id']}"
        )

    def _toggle_pause(self, drain: MadeDrain) -> None:
        self._set_paused(drain, paused=not drain.paused)

    def _set_paused(self, drain: MadeDrain, *, paused: bool) -> None:
        verb = "pause" if paused else "resume"
        answer = self._shuttle.api.post(f"{drain.path}/{verb}")
        assert answer.status_code == 200, answer.text
        drain.paused = paused
        self.note(f"{verb} {drain.slot}")

    def _move(self, drain: MadeDrain) -> None:
        drain.side = 1 - drain.side
        self._change(drain, url=self._url(drain.slot, drain.side))
        self.note(f"url of {drain.slot} → receiver {drain.side}")

    def _rename(self, drain: MadeDrain) -> None:
        drain.names += 1
        self._change(drain, name=f"name {drain.names}")
        self.note(f"name of {drain.slot}")

    def _change(self, drain: MadeDrain, **changes: str) -> None:
        answer = self._shuttle.api.patch(drain.path, json=changes)
        assert answer.status_code == 200, answer.text

    def _delete(self, drain: MadeDrain) -> None:
        answer = self._shuttle.api.delete(drain.path)
        assert answer.status_code == 200, answer.text
        drain.deleted = True
        self.note(f"delete {drain.slot}")

    def _retain(self) -> None:
        """Kafka drops what nobody wants any more, or what somebody does."""
        ends = self._ends()
        partition = self._random.choice(sorted(ends))
        harmless = self._random.random() < 0.4
        part = self._random.random()
        top = self._uninteresting(partition) if harmless else ends[partition]
        low = self._lows[partition]
        to = low + round((top - low) * (1 if part > 0.8 else part))
        if to > low:
            self._lows[partition] = to
            self._broker.delete_records(self.space, {partition: to})
        self.note(f"retention p{partition} {'harmless ' if harmless else ''}{low} → {to}")

    def _uninteresting(self, partition: int) -> int:
        """Below this nobody's lines begin."""
        begins = [drain.before.get(partition, 0) for drain in self.drains]
        return min(begins, default=0)

    def _ends(self) -> dict[int, int]:
        return self._broker.end_offsets(self.space) if self._partitions else {}

    def _url(self, slot: int, side: int) -> str:
        return self._inbox.receivers[slot][side].url

    def _run(self, app: str) -> str:
        return f"{self.space}.{app}"

    # What came of it.

    def is_served(self) -> bool:
        """Whether every drain that runs has what it must get, or says how much it lacks."""
        return all(
            self._is_served(drain) for drain in self.drains if not (drain.deleted or drain.paused)
        )

    def _is_served(self, drain: MadeDrain) -> bool:
        got = self._inbox.of(drain.slot, self.space)
        missing = [record for record in self._own(drain) if record.text not in got.texts]
        if not missing:
            return True
        may_lack = self._may_lack(drain)
        return all(may_lack(record) for record in missing) and self._lost(drain) >= len(missing)

    def judge(self, worker_starts: int) -> None:
        """Raises Faults; of a drain that is paused, not for what it lacks."""
        faults = [fault for drain in self.drains for fault in self._faults(drain, worker_starts)]
        if faults:
            raise Faults(f"{self}\n" + "\n".join(f"  !! {fault}" for fault in faults))

    def __str__(self) -> str:
        return f"history {self.name} (space {self.space}):\n" + "\n".join(self.steps)

    def _own(self, drain: MadeDrain) -> Iterator[Record]:
        """What it must get."""
        for record in list(self._records):
            if record.app == drain.app and record.offset >= drain.after.get(record.partition, 0):
                yield record

    def _may_lack(self, drain: MadeDrain) -> Callable[[Record], bool]:
        """Who can be gone from Kafka, or be too old for a replay, and is then counted."""
        too_old = self._too_old(drain)
        return lambda r: r.offset < self._lows[r.partition] or (r.partition, r.offset) in too_old

    def _too_old(self, drain: MadeDrain) -> set[Place]:
        """What a replay of a drain may leave out by now. A stamp that cannot be a time of now
        tells no age: the last one before it does."""
        if drain.max_lag_seconds == LONG_SECONDS:
            return set()
        now = int(time.time() * 1000)
        oldest_ms = now - drain.max_lag_seconds * 1000
        last: dict[int, int] = {}
        found = set()
        for record in sorted(self._records, key=lambda r: (r.partition, r.offset)):
            if _YEAR_2000_MS <= record.stamp_ms <= now + _HOUR_MS:
                last[record.partition] = record.stamp_ms
            if last.get(record.partition, now) < oldest_ms:
                found.add((record.partition, record.offset))
        return found

    def _lost(self, drain: MadeDrain) -> int:
        """As it is told, not long ago."""
        if self._clock() - drain.asked_at > _ASK_SECONDS:
            drain.lines_lost = self._shuttle.drain(drain.key, drain.drain_id)["lines_lost"]
            drain.asked_at = self._clock()
        return max(drain.lines_lost, self._inbox.of(drain.slot, self.space).told_lost)

    def _faults(self, drain: MadeDrain, worker_starts: int) -> Iterator[str]:
        got, name = self._inbox.of(drain.slot, self.space), f"drain {drain.slot}"
        run = self._run(drain.app)
        own = [record for record in self._records if record.app == drain.app]
        by_place = {(record.partition, record.seq): record for record in own}
        produced = {p: n for (app, p), n in self._seqs.items() if app == drain.app}
        sides = [judge(run, produced, lines) for lines in got.lines]
        foreign = [text for side in sides for text in side.foreign]
        if foreign or got.hostnames - {drain.key}:
            yield f"{name}: {len(foreign)} foreign {foreign[:_SHOWN]}, hosts {got.hostnames}"
        early = [
            r for r in own if r.text in got.texts and r.offset < drain.before.get(r.partition, 0)
        ]
        if early:
            yield f"{name}: {len(early)} from before its start: {_shown(early)}"
        too_old = self._too_old(drain)
        for side, verdict in enumerate(sides):
            # Over two receivers there is no order: what both have got says nothing. And a line
            # that a replay left out for its age may come live, when a killed worker is followed.
            others = {text for _, text in got.lines[1 - side]}
            late = [
                by_place[place]
                for _, place in verdict.out_of_order
                if by_place[place].text not in others
                and (place[0], by_place[place].offset) not in too_old
            ]
            if late:
                yield f"{name}: {len(late)} out of order at receiver {side}: {_shown(late)}"
        if not (drain.deleted or drain.paused):
            yield from self._losses(drain, name, got, worker_starts)

    def _losses(self, drain: MadeDrain, name: str, got: Got, worker_starts: int) -> Iterator[str]:
        missing = [record for record in self._own(drain) if record.text not in got.texts]
        may_lack = self._may_lack(drain)
        unexcused = [record for record in missing if not may_lack(record)]
        lost = self._lost(drain)
        numbers = f"lines_lost {drain.lines_lost}, notices tell {got.told_lost}"
        if unexcused:
            about = self._shuttle.drain(drain.key, drain.drain_id)
            yield f"{name}: {len(unexcused)} missing: {_shown(unexcused)}; {numbers}; {about}"
        if lost < len(missing):
            yield f"{name}: {len(missing)} missing, {numbers}: {_shown(missing)}"
        gone = sum(
            max(low - drain.before.get(partition, 0), 0) for partition, low in self._lows.items()
        )
        # What was counted just before a worker was killed may be counted once more.
        most = gone * (1 + worker_starts)
        if lost > most and drain.max_lag_seconds == LONG_SECONDS:
            yield f"{name}: {len(missing)} missing, at most {most} can be, but {numbers}"


def _shown(records: list[Record]) -> str:
    more = f" and {len(records) - _SHOWN} more" if len(records) > _SHOWN else ""
    return "; ".join(map(str, records[:_SHOWN])) + more

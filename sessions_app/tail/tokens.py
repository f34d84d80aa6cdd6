"""Resume tokens: how far a viewer has got, in Kafka's own terms, so that any process can go on.

`<base>.<signature>.l<topic>.<partition>.<line>`: live. The base has where each partition stood when
a piece began; the rest says how many of the app's lines of that piece have been seen.
`<base>.<signature>.b<lines>`: in the backlog that ends at the base, with so many of its lines still
to come.
`<base>.<signature>.o<µs>.<lines>`: what is older than a look-back has shown. All of it lies before
the base; of the lines there all that are later than this moment (epoch microseconds) were shown,
and of those of that moment so many, the last ones.
`<base>.<signature>.w<records>.<ms>.<lines>`: in a window of Kafka's time that ends at the base and
at that time, with so many of its lines still to come; it begins so many records before, written as
a base is.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from events.kafka.records import TopicPartition
from events.keys import Key
from events.topics import topics_of
from sessions_app.tail.signer import Signer

_EPOCH = datetime.fromtimestamp(0, UTC)
CHARACTERS_MAX = 6000
"""Some 500 partitions. A proxy takes no header above 8 KiB."""
_PARTITIONS_MAX = 1024
_LIVE = re.compile(r"l(\d{1,2})\.(\d{1,4})\.(\d{1,9})", re.ASCII)
_BACKLOG = re.compile(r"b(\d{1,6})", re.ASCII)
_OLDER = re.compile(r"o(-?\d{1,18})\.(\d{1,6})", re.ASCII)
_WINDOW = re.compile(r"w([A-Za-z0-9_-]{0,3000})\.(\d{1,15})\.(\d{1,9})", re.ASCII)


class Window(NamedTuple):
    """A piece of the past, which is read whole: its lines come by their times."""

    begins: Mapping[TopicPartition, int]
    ends_ms: int
    """Kafka's time, in epoch milliseconds, from which on records lie behind it."""


class Older(NamedTuple):
    """Where a look-back ended, between two lines."""

    time: datetime
    """Of the oldest line that it showed."""
    shown: int
    """So many of that time lie before the positions, too, and were shown: the last ones."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Where to go on. `positions`: the next offset of each partition that was read."""

    positions: Mapping[TopicPartition, int]
    partition: TopicPartition | None = None
    skip: int = 0
    """So many lines of the app from there on in `source` have been seen."""
    backlog_left: int | None = None
    """The last lines of the backlog before `positions`, or of `window`, still to come; None: it is
    over."""
    window: Window | None = None
    """It ends at `positions`."""
    older: Older | None = None
    """Not to go on, but further back, from `positions`."""


def topics_in_order(key: Key) -> list[str]:
    """The order that tokens count topics by: the same in every process."""
    return sorted(topics_of(key))


def base_of(topics: Sequence[str], offsets: Mapping[TopicPartition, int]) -> str:
    """Positions as text, for all topics of a key; those of which none is known are left out."""
    numbers: list[int] = []
    for topic in topics:
        known = {
            partition.number: at for partition, at in offsets.items() if partition.topic == topic
        }
        count = max(known, default=-1) + 1
        numbers += [count, *(known.get(number, -1) + 1 for number in range(count))]
    return urlsafe_b64encode(_varints(numbers)).decode().rstrip("=")


def live_suffix(topics: Sequence[str], partition: TopicPartition) -> str:
    """What follows a base, before a line's number in its piece."""
    return f".l{topics.index(partition.topic)}.{partition.number}."


def window_suffix(
    topics: Sequence[str],
    begins: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int],
    ends_ms: int,
) -> str:
    """What follows a base of `ends`, before the number of lines that are still to come."""
    records = {partition: end - begins.get(partition, end) for partition, end in ends.items()}
    return f".w{base_of(topics, records)}.{ends_ms}."


def older_suffix(older: Older) -> str:
    """What follows a base behind which all has been shown that is newer."""
    return f".o{(older.time - _EPOCH) // timedelta(microseconds=1)}.{older.shown}"


def resume_of(token: str, key: Key, signer: Signer) -> Resume | None:
    """What a token says, None when it is none of this session's."""
    if len(token) > CHARACTERS_MAX:
        return None
    base, _, signed = token.partition(".")
    signature, _, rest = signed.partition(".")
    if not signer.has_signed(base, signature):
        return None
    topics = topics_in_order(key)
    positions = _positions(base, topics)
    if positions is None:
        return None
    if match := _BACKLOG.fullmatch(rest):
        return Resume(positions, backlog_left=int(match[1]))
    if match := _OLDER.fullmatch(rest):
        try:
            time = _EPOCH + timedelta(microseconds=int(match[1]))
        except OverflowError:
            return None
        return Resume(positions, older=Older(time, int(match[2])))
    if match := _WINDOW.fullmatch(rest):
        records = _positions(match[1], topics)
        if records is None:
            return None
        begins = {p: max(at - records.get(p, 0), 0) for p, at in positions.items()}
        window = Window(begins, int(match[2]))
        return Resume(positions, backlog_left=int(match[3]), window=window)
    match = _LIVE.fullmatch(rest)
    if match is None or int(match[1]) >= len(topics):
        return None
    partition = TopicPartition(topics[int(match[1])], int(match[2]))
    if partition not in positions:
        return None
    return Resume(positions, partition, skip=int(match[3]) + 1)


def _positions(base: str, topics: Sequence[str]) -> dict[TopicPartition, int] | None:
    try:
        data = urlsafe_b64decode(base + "=" * (-len(base) % 4))
    except (NoBase64, ValueError):
        return None
    numbers = iter(_numbers(data))
    positions = {}
    try:
        for topic in topics:
            count = next(numbers)
            if count > _PARTITIONS_MAX:
                return None
            for number in range(count):
                if at := next(numbers):
                    positions[TopicPartition(topic, number)] = at - 1
    except StopIteration:
        return None
    return positions if next(numbers, None) is None else None


def _varints(numbers: Iterable[int]) -> bytes:
    data = bytearray()
    for number in numbers:
        while number > 0x7F:
            data.append(number & 0x7F | 0x80)
            number >>= 7
        data.append(number)
    return bytes(data)


def _numbers(data: bytes) -> list[int]:
    """An unfinished one at the end is left out, so the count will not fit."""
    numbers, number, shift = [], 0, 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(min(number, 2**62))
            number = shift = 0
    return numbers

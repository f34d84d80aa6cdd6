"""Lines in, pieces out: each viewer's app is found by a line's origin, looked up once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from events.formats.decode import Decoder
from events.kafka.records import PartitionRecords, TopicPartition
from events.kept import Kept, Room
from events.keys import Key
from events.lines import LogLine, Origin
from sessions_app.tail.live.blocks import Block, LineSlice
from sessions_app.tail.live.mailbox import Mailbox, Share, StreamNotice
from sessions_app.tail.live.positions import Positions
from sessions_app.tail.tokens import base_of, live_suffix, topics_in_order

ORIGINS_BYTES = 8 * 1024 * 1024


class Audience:
    """Everybody who reads one app or site."""

    def __init__(self, key: Key) -> None:
        self.topics = topics_in_order(key)
        self.mailboxes: set[Mailbox] = set()

    def block_of(
        self,
        partition: TopicPartition,
        lines: list[LogLine],
        before: Mapping[TopicPartition, int],
    ) -> Block:
        """`before`: where the topics' partitions stand before these lines."""
        topics = self.topics
        return Block(lines, lambda: base_of(topics, before), live_suffix(topics, partition))


class FanOut(Kept[Origin, Audience | None]):
    """Origin → who reads its app; worked out when first asked, kept until viewers change."""

    def __init__(self) -> None:
        super().__init__(Room(ORIGINS_BYTES))
        self._audiences: dict[Key, Audience] = {}
        self.share = Share()
        self._narrowed = 0
        """Viewers with filters."""
        self.decoder = Decoder()

    def __missing__(self, origin: Origin) -> Audience | None:
        return self.keep(origin, self._audiences.get(origin.key))

    def size_of(self, origin: Origin, _: Audience | None) -> int:
        return origin.bytes

    def add(self, mailbox: Mailbox) -> None:
        key = mailbox.selection.key
        if key not in self._audiences:
            self._audiences[key] = Audience(key)
            self.clear()
        self._audiences[key].mailboxes.add(mailbox)
        self._narrowed += mailbox.is_narrowed
        self._share_out()

    def discard(self, mailbox: Mailbox) -> None:
        key = mailbox.selection.key
        audience = self._audiences.get(key)
        if audience is not None and mailbox in audience.mailboxes:
            audience.mailboxes.discard(mailbox)
            self._narrowed -= mailbox.is_narrowed
            if not audience.mailboxes:
                del self._audiences[key]
                self.clear()
            self._share_out()

    def _share_out(self) -> None:
        self.share.among(len(self._audiences) + self._narrowed)

    def hand_out(self, records: PartitionRecords, positions: Positions) -> None:
        """All lines of a run, to all who want them."""
        by_audience: defaultdict[Audience, list[LogLine]] = defaultdict(list)
        for line in self.decoder.wanted_lines_of(records, self.__getitem__):
            audience = self[line.origin]
            if audience is not None:
                by_audience[audience].append(line)
        for audience, lines in by_audience.items():
            before = positions.of(audience.topics)
            whole = LineSlice.whole(audience.block_of(records.partition, lines, before))
            for mailbox in audience.mailboxes:
                mailbox.put(whole)

    def tell(self, notice: StreamNotice, topics: Iterable[str] | None = None) -> None:
        """All viewers, or those of some topics."""
        concerned = None if topics is None else frozenset(topics)
        for audience in self._audiences.values():
            if concerned is None or not concerned.isdisjoint(audience.topics):
                for mailbox in audience.mailboxes:
                    mailbox.tell(notice)

    def viewers(self) -> Iterator[Mailbox]:
        for audience in self._audiences.values():
            yield from audience.mailboxes

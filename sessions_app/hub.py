"""One reader of Kafka for all tails of a process: in no group, and only there while needed.

A topic is read from its end on when the first reader wants it. What appears later, a partition or
the topic itself, is read from its beginning: all of that is new.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from confluent_kafka import KafkaException

from events.consumer import OffsetConsumer
from events.decode import SOURCE_NAMES, topics_of
from events.kafka import offsets_conf
from events.keys import Key
from events.records import Batch, TopicPartition
from sessions_app.fanout import FanOut
from sessions_app.mailbox import Gap, Mailbox
from sessions_app.session import Selection
from sessions_app.survey import Survey
from sessions_app.tokens import base_of, topics_in_order

logger = logging.getLogger(__name__)

NO_GROUP = "logshuttle-tail"
"""librdkafka wants a name; the broker never hears it."""
LINGER_SECONDS = 5.0
"""A topic, and the consumer, are kept so long after the last who needed them."""
SURVEY_SECONDS = 1.0
RETRY_SECONDS = 1.0
LEADER_SECONDS = 2.0
"""A partition without a leader holds up nobody for longer."""
_LOOK_SECONDS = 0.02
NOWHERE: Mapping[TopicPartition, int] = MappingProxyType({})

AWAY = Gap("Kafka is away: lines come when it is back")
EXPIRED = Gap("lines have left Kafka before they were read")
BROKEN = Gap("the reader of Kafka was started anew: lines may be missing")

# A first fetch must not wait for long polls of partitions that have nothing.
_PROMPT = {"fetch.wait.max.ms": 100}


def topics_for(selection: Selection) -> frozenset[str]:
    """The topics that can have lines of it."""
    wanted = selection.sources
    if selection.processes or selection.streams:
        wanted = wanted & {"app"} if wanted else frozenset({"app"})
    topics = topics_of(selection.key)
    return frozenset(t for t in topics if not wanted or _source_of(t) in wanted)


def _source_of(topic: str) -> str:
    return {"kubernetes": "app", "istio": "router"}.get(
        name := SOURCE_NAMES.get(topic, "kubernetes"), name
    )


class Hub:
    """`join` and `leave` are all that readers need; the rest goes by itself."""

    def __init__(
        self, settings: Mapping[str, str], *, linger_seconds: float = LINGER_SECONDS
    ) -> None:
        self._settings = settings
        self._linger_seconds = linger_seconds
        self.fan_out = FanOut()
        self.away = False
        """Whether Kafka did not answer when last asked."""
        self._users: Counter[str] = Counter()
        self._unused_since: dict[str, float] = {}
        self._logs: dict[str, str] = {}
        """Topic → the id of its log. Those that are here are read, as far as they exist."""
        self._positions: dict[TopicPartition, int] = {}
        self._let_go_at: dict[TopicPartition, int] = {}
        self._unsettled_since: dict[str, float] = {}
        self._leaderless: set[TopicPartition] = set()
        """Not new: when they have a leader they are read from their ends on, as all are."""
        self._batches = 0
        self._changed = asyncio.Event()
        self._asked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def join(
        self, mailbox: Mailbox, not_before: Mapping[TopicPartition, int] = NOWHERE
    ) -> dict[TopicPartition, int]:
        """From now on it gets its lines. Returns where: nothing before these offsets, and
        everything from there on. Waits while Kafka is away, and until we are at `not_before`."""
        topics = topics_for(mailbox.selection)
        self._users.update(topics)
        try:
            if self._task is None:
                self._task = asyncio.create_task(self._run())
            while not topics <= self._logs.keys():
                self._asked.set()
                await self._changed.wait()
            while any(self._positions.get(s, at) < at for s, at in not_before.items()):
                await asyncio.sleep(_LOOK_SECONDS)
        except BaseException:
            self._release(topics)
            raise
        self.fan_out.add(mailbox)
        return {source: at for source, at in self._positions.items() if source.topic in topics}

    def leave(self, mailbox: Mailbox) -> None:
        """Of one that has joined."""
        self.fan_out.discard(mailbox)
        self._release(topics_for(mailbox.selection))

    def token(self, key: Key) -> str:
        """Where one goes on who has seen all that was handed out."""
        topics = topics_in_order(key)
        return f"{base_of(topics, self._positions)}.b0"

    async def close(self) -> None:
        """At once, whoever still reads."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @property
    def is_reading(self) -> bool:
        return self._task is not None

    def _release(self, topics: frozenset[str]) -> None:
        self._users.subtract(topics)
        now = time.monotonic()
        self._unused_since.update({t: now for t in topics if self._users[t] <= 0})

    def _is_needed(self, topic: str) -> bool:
        since = self._unused_since.get(topic, 0.0)
        return self._users[topic] > 0 or time.monotonic() - since < self._linger_seconds

    async def _run(self) -> None:
        try:
            while any(map(self._is_needed, self._users)):
                try:
                    await self._read_while_needed()
                except Exception:
                    logger.exception("The tails' reader failed", extra={"action": "tail_failed"})
                    self.fan_out.tell(BROKEN)
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            self._task = None
            self._users = +self._users
            self._unused_since.clear()

    async def _read_while_needed(self) -> None:
        consumer = OffsetConsumer(offsets_conf(self._settings, NO_GROUP) | _PROMPT, "tail")
        survey = Survey(self._settings)
        surveying = asyncio.create_task(self._keep_looking(consumer, survey))
        try:
            while any(map(self._is_needed, self._users)):
                batch = await consumer.next_batch()
                began = time.monotonic()
                self._hand_out(batch)
                consumer.batch_size.worked_on(len(batch), time.monotonic() - began)
                if surveying.done():
                    surveying.result()
        finally:
            surveying.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await surveying
            for state in (self._positions, self._logs, self._leaderless, self._let_go_at):
                state.clear()
            await asyncio.shield(asyncio.gather(consumer.close(), survey.close()))

    def _hand_out(self, batch: Batch) -> None:
        self._batches += 1
        positions = self._positions
        for run in batch.runs:
            at = positions.get(run.source)
            part = None if at is None else run.part(at)
            if part is not None:
                self.fan_out.hand_out(part, positions)
                positions[run.source] = part.end
        for source, end in batch.ends.items():
            if positions.get(source, end) < end:
                positions[source] = end
        for source, low in batch.resumed.items():
            if source in positions:
                positions[source] = low
                self.fan_out.tell(EXPIRED, [source.topic])

    async def _keep_looking(self, consumer: OffsetConsumer, survey: Survey) -> None:
        while True:
            self._asked.clear()
            try:
                await self._look(consumer, survey)
            except KafkaException as error:
                if not self.away:
                    logger.warning("Kafka: %s", error, extra={"action": "tail_survey_failed"})
                    self.fan_out.tell(AWAY)
                self.away = True
            else:
                self.away = False
            await asyncio.sleep(_LOOK_SECONDS)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), SURVEY_SECONDS)

    async def _look(self, consumer: OffsetConsumer, survey: Survey) -> None:
        """Read what is needed, from the right place on, and nothing else."""
        topics = frozenset(filter(self._is_needed, self._users))
        there = await survey.partitions(topics)
        await self._let_go(consumer, topics, there)
        new = {
            source
            for parts in there.values()
            for source in parts
            if source not in self._positions and self._is_free(source)
        }
        late = {source for source in new - self._leaderless if source.topic in self._logs}
        starts = await survey.ends(new - late) | await survey.lows(late)
        if starts:
            await consumer.meet(source.topic for source in starts)
            self._positions.update(starts)
            self._leaderless -= starts.keys()
            await consumer.take_up(starts)
        self._settle(topics, there)

    def _settle(
        self, topics: frozenset[str], there: Mapping[str, Mapping[TopicPartition, str]]
    ) -> None:
        """Who waits for these may go on, unless a partition has no leader yet."""
        now = time.monotonic()
        for topic in topics:
            parts = there.get(topic, {})
            missing = parts.keys() - self._positions.keys()
            since = self._unsettled_since.setdefault(topic, now)
            if missing and topic not in self._logs and now - since < LEADER_SECONDS:
                self._asked.set()
                continue
            if topic not in self._logs:
                self._leaderless |= missing
            self._logs[topic] = next(iter(parts.values()), "")
            del self._unsettled_since[topic]
        self._changed.set()
        self._changed = asyncio.Event()

    async def _let_go(
        self,
        consumer: OffsetConsumer,
        topics: frozenset[str],
        there: Mapping[str, Mapping[TopicPartition, str]],
    ) -> None:
        """What nobody needs, and logs that are no more, even if another has their name."""
        for topic in self._logs.keys() - topics:
            del self._logs[topic]
        for topic in list(self._users):
            if not self._users[topic] and topic not in topics:
                del self._users[topic]
        gone = {
            source
            for source in self._positions
            if source.topic not in topics
            or there.get(source.topic, {}).get(source) != self._logs.get(source.topic)
        }
        if gone:
            for source in gone:
                del self._positions[source]
                self._let_go_at[source] = self._batches
            await consumer.let_go(gone)

    def _is_free(self, source: TopicPartition) -> bool:
        """One that was let go a moment ago may have records in the next batch, or one on its way
        there: they would be taken for those of the new place."""
        if self._batches - self._let_go_at.get(source, -3) <= 2:
            self._asked.set()
            return False
        self._let_go_at.pop(source, None)
        return True

"""Where the past of a session begins and ends in Kafka: as `since` and `until` say, if they do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import NamedTuple, TypeVar

from confluent_kafka import KafkaException

from events.kafka.reasons import is_away
from events.kafka.records import Offsets, TopicPartition
from events.kafka.refusals import say_refusal
from events.kafka.topic_descriptions import refusal_of
from events.topics import SOURCE_TOPICS
from sessions_app.tail.live.mailbox import StreamNotice
from sessions_app.tail.live.topic_demand import topics_for
from sessions_app.tail.past.survey import Survey
from sessions_app.tail.session import Session

RETRY_SECONDS = 1.0

_Answer = TypeVar("_Answer")


class Bounds(NamedTuple):
    """Both have the same partitions."""

    lows: Offsets
    ends: Offsets
    ends_ms: int
    """Epoch milliseconds: nothing before the ends is stamped so, unless by a wrong clock."""


class Edges:
    """Asks until Kafka answers."""

    def __init__(self, survey: Survey, session: Session) -> None:
        self._survey = survey
        self._session = session
        self._topics = topics_for(session.selection)
        self.away = False
        """Whether Kafka did not answer when last asked."""

    async def refusal(self) -> StreamNotice | None:
        """What is to be said when Kafka lets us read nothing of it. An app's lines are those of its
        space; that there are no others is nothing to stop for. None of no topic is refused."""
        own = self._topics - SOURCE_TOPICS or self._topics
        if not own or await self._ask(lambda: self._survey.unreadable(own)) < own:
            return None
        return StreamNotice(refusal_of(own))

    async def bounds(self) -> Bounds:
        lows, ends = await self._ask(lambda: self._survey.bounds(self._topics))
        if self._session.until is None:
            return Bounds(await self.lows(ends, lows), ends, round(time.time() * 1000))
        until_ms = _ms(self._session.until)
        at = await self.at(ends.keys(), until_ms)
        ends = {p: end if (to := at.get(p)) is None else min(to, end) for p, end in ends.items()}
        return Bounds(await self.lows(ends, lows), ends, until_ms)

    async def lows(self, ends: Offsets, known: Offsets | None = None) -> Offsets:
        """The oldest record of each that may be shown. `known`: the oldest that is there."""
        lows = await self._ask(lambda: self._survey.lows(ends.keys())) if known is None else known
        found = {partition: min(lows.get(partition, end), end) for partition, end in ends.items()}
        if self._session.since is None:
            return found
        at = await self.at(ends.keys(), _ms(self._session.since))
        since = {p: end if (to := at.get(p)) is None else min(to, end) for p, end in ends.items()}
        return {partition: max(low, since[partition]) for partition, low in found.items()}

    async def oldest_ms(self) -> int | None:
        """The time of the oldest record of the topics that its lines may be in."""
        return await self._ask(lambda: self._survey.oldest_ms(self._topics))

    async def at(
        self, partitions: Collection[TopicPartition], ms: int
    ) -> Mapping[TopicPartition, int | None]:
        """The first record of each that is stamped so, or later; None: there is none."""
        return await self._ask(lambda: self._survey.at(partitions, ms))

    async def _ask(self, question: Callable[[], Awaitable[_Answer]]) -> _Answer:
        while True:
            try:
                answer = await question()
            except KafkaException as error:
                say_refusal(error, "tail_survey_failed")
                self.away = is_away(error)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self.away = False
                return answer


def _ms(seconds: float) -> int:
    return round(seconds * 1000)

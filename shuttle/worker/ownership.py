"""Whose the consumer group is: two installations that share one take each other's lines.

Each commit carries the installation's id (events/kafka/committed.py). What carries another's is
another's: a worker that meets it ends, before it has read or committed anything.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from typing import TypeVar

from confluent_kafka import KafkaException

from events.kafka.cluster import Cluster
from events.kafka.committed import Committed, metadata_of
from events.kafka.group_member import GroupMember
from events.kafka.records import Offsets, TopicPartition
from events.kafka.refusals import say_refusal
from events.kafka.topic_ids import TopicIds

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOOK_SECONDS = 30.0
RETRY_SECONDS = 1.0
LEAVE_SECONDS = 15.0
"""Kafka keeps a worker that was killed in its group for some seconds."""
TRIES = 3
"""A topic whose offsets we may not commit is none that we may read."""


class ForeignGroupError(Exception):
    """The consumer group is another installation's. Its text says what to do."""


class Ownership:
    """Owns which partitions' offsets do not say yet that they are ours."""

    def __init__(
        self,
        group: str,
        member: GroupMember,
        cluster: Cluster,
        topic_ids: TopicIds,
        topics: Callable[[], Collection[str]],
        *,
        take_over: bool,
    ) -> None:
        """`topics`: those that are consumed. `take_over`: a group that was another installation's,
        and has no worker any more, becomes ours at the start."""
        self._group = group
        self._member = member
        self._cluster = cluster
        self._topic_ids = topic_ids
        self._topics = topics
        self._take_over = take_over
        self._clock = asyncio.get_running_loop().time
        self._installation = ""
        self._unmarked: set[TopicPartition] = set()

    async def meet(self, installation: str) -> None:
        """We are this one. Call it before the group is joined: whoever joins and goes makes all
        others hand over. Returns when Kafka has said whose the group is.

        Raises ForeignGroupError.
        """
        self._installation = installation
        give_up_at = self._clock() + LEAVE_SECONDS
        while members := await self._until_answered(self._members_of_another):
            if self._clock() >= give_up_at:
                raise ForeignGroupError(
                    f"The consumer group {self._group} is another installation's, which still has"
                    f" {members} worker{'s' if members > 1 else ''} in it. End them first, or set"
                    " another KAFKA_GROUP."
                )
            await asyncio.sleep(RETRY_SECONDS)

    async def watch(self) -> None:
        """Two that begin in the same moment may not see each other at once. Raises
        ForeignGroupError."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            with suppress(KafkaException):
                await self._look()

    def metadata(self, topic: str) -> str:
        """What is committed with a topic's offsets."""
        return metadata_of(self._topic_ids.of(topic), self._installation)

    async def committed(
        self, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, Committed]:
        """By the group, of partitions that have come. Raises KafkaException, ForeignGroupError."""
        found = await self._member.committed(partitions)
        self._refuse(self._foreign(found))
        ours = {p for p, at in found.items() if at.installation == self._installation}
        self._unmarked = (self._unmarked | set(partitions)) - ours
        return found

    async def claim(
        self, starts: Offsets, still_ours: Callable[[], Collection[TopicPartition]]
    ) -> None:
        """Have Kafka say of these partitions that they are ours, before a record of them is read.

        Of two installations that begin in the same moment one sees the other's claim, or each does:
        then its own is taken back, so that the other is not ended by it. Raises ForeignGroupError.
        """
        claimed: Offsets = {}
        try:
            for _ in range(TRIES):
                wanted = {p: starts[p] for p in still_ours() if p in starts and p in self._unmarked}
                if not wanted:
                    break
                claimed |= wanted
                await self._try_to_claim(wanted)
            if claimed:
                await self._until_answered(self._look)
        except ForeignGroupError:
            mine = claimed.keys() & set(still_ours()) - self._unmarked
            await self._member.mark({p: self._nobodys(p, claimed[p]) for p in mine})
            raise

    async def _try_to_claim(self, starts: Offsets) -> None:
        with suppress(KafkaException):
            await self._member.commit(starts)
            await self.committed(starts)  # the same connection: it is answered after the commit
        if not self._unmarked.isdisjoint(starts):
            await asyncio.sleep(RETRY_SECONDS)

    async def _until_answered(self, ask: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                answer = await ask()
            except KafkaException as error:
                say_refusal(error, "group_unknown")
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return answer

    async def _members_of_another(self) -> int:
        """How many are in the group, where that is another installation's. One without any is taken
        over. Its offsets are: of all topics there are, or the next start would end over one."""
        foreign = self._foreign(await self._member.committed_anywhere())
        if not foreign:
            return 0
        if not self._take_over:
            self._refuse(foreign)
        members = await self._cluster.members(self._group)
        if not members:
            logger.warning("Taking over the group %s", self._group, extra={"action": "take_group"})
            ours = {p: at._replace(installation=self._installation) for p, at in foreign.items()}
            await self._member.mark(ours)
        return members

    async def _look(self) -> None:
        """At all partitions of our topics, whoever has them."""
        logs = await self._cluster.partitions(self._topics())
        partitions = [partition for parts in logs.values() for partition in parts]
        self._refuse(self._foreign(await self._member.committed(partitions)))

    def _foreign(
        self, found: Mapping[TopicPartition, Committed]
    ) -> dict[TopicPartition, Committed]:
        nobodys_or_ours = ("", self._installation)
        return {p: at for p, at in found.items() if at.installation not in nobodys_or_ours}

    def _refuse(self, foreign: Mapping[TopicPartition, Committed]) -> None:
        if foreign:
            theirs = ", ".join(sorted({at.installation for at in foreign.values()}))
            raise ForeignGroupError(
                f"The consumer group {self._group} is another installation's ({theirs}; this one is"
                f" {self._installation}), and two that share a group take each other's lines. Set"
                " another KAFKA_GROUP; or, where this is a new database for the same installation,"
                " run `runshuttle --take-over-group` once, when the other one's workers have ended."
            )

    def _nobodys(self, partition: TopicPartition, offset: int) -> Committed:
        return Committed(offset, self._topic_ids.of(partition.topic), "")

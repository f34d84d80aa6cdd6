"""DRAIN_EVENTS: that a drain fails, and that it is well again, as lines of its own app.

By what is stored of it, once a change, and no failure within a minute of a recovery: a drain that
fails for just such a line must not write itself one after the other. A site has no topic of its
own: nothing is written.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from drains.models import Drain, DrainStatus
from drains.moments import rfc3339
from drains.states import AFTER_NEW
from events.api import LIMIT_SECONDS, producer
from events.kafka.producer import ProduceError
from events.serializers import posted_event
from events.topics import SOURCE_TOPICS
from logshuttle_site.notifications.models import SaidState

logger = logging.getLogger(__name__)

POD = "logshuttle/drain"
"""Lines are tagged with it."""
APART = timedelta(minutes=1)
AT_ONCE = 200


class StateChange(NamedTuple):
    drain_id: UUID
    app: str
    space: str
    state: str
    why: str
    at: datetime

    @property
    def text(self) -> str:
        reason = f" reason={json.dumps(self.why, ensure_ascii=False)}" if self.why else ""
        return f"at=drain state={self.state}{reason} drain={self.drain_id}"

    @property
    def fields(self) -> dict[str, object]:
        """As `POST /log-events` takes it."""
        return {
            "log": self.text,
            "stream": "stderr" if self.state == "failing" else "stdout",
            "time": rfc3339(self.at),
            "topic": self.space,
            "kubernetes": {"container_name": self.app, "pod_name": POD},
        }


def changes() -> list[StateChange]:
    """What is not said yet."""
    now = timezone.now()
    said = list(SaidState.objects.values_list("drain", "state", "at"))
    failed = [of for of, state, _ in said if state == "failing"]
    well = [of for of, state, _ in said if state != "failing"]
    lately = [of for of, state, at in said if state != "failing" and at > now - APART]
    fails = Q(state="failing") & ~Q(pk__in=[*failed, *lately])
    is_well = Q(state__in=AFTER_NEW, pk__in=failed)
    drains = Drain.objects.filter(fails | is_well, paused=False, site="")
    named = drains.exclude(space__in=SOURCE_TOPICS).order_by("state_since", "pk")
    found = list(named[:AT_ONCE])
    _forget(well, now)
    failing = DrainStatus.objects.filter(drain__in=found, state="failing")
    why = dict(failing.order_by("reported_at").values_list("drain_id", "last_error"))
    return [
        StateChange(
            drain.pk,
            drain.app,
            drain.space,
            drain.state,
            why.get(drain.pk, "") if drain.state == "failing" else "",
            drain.state_since or now,
        )
        for drain in found
    ]


def note(done: Sequence[StateChange]) -> None:
    now = timezone.now()
    SaidState.objects.bulk_create(
        [SaidState(drain=change.drain_id, state=change.state, at=now) for change in done],
        update_conflicts=True,
        unique_fields=["drain"],
        update_fields=["state", "at"],
    )


async def posted(found: Sequence[StateChange]) -> list[StateChange]:
    """Those that Kafka has acknowledged; the others are to be posted again."""
    answers = await asyncio.gather(*map(_post, found))
    return [change for change, is_done in zip(found, answers, strict=True) if is_done]


async def _post(change: StateChange) -> bool:
    try:
        event = posted_event(change.fields)
    except ValidationError:  # no line can be of this space
        return True
    sending = producer().start(
        event.space, json.dumps(change.fields, ensure_ascii=False).encode(), event.key
    )
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            await asyncio.wrap_future(sending)
    except (ProduceError, TimeoutError) as error:
        logger.warning(
            "Kafka has not taken that drain %s is %s: %s",
            change.drain_id,
            change.state,
            error,
            extra={"action": "drain_event_refused"},
        )
        return False
    return True


def _forget(well: Sequence[UUID], now: datetime) -> None:
    """Those that are well, or gone."""
    old = SaidState.objects.filter(at__lt=now - APART)
    there = Drain.objects.values("pk")
    old.filter(Q(drain__in=list(well)) | ~Q(drain__in=there)).delete()

"""What is still to be sent, to whom, and what has become of it: at least once, by the database."""

from __future__ import annotations

import random
import uuid
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Min
from django.db.models.functions import Now
from django.utils import timezone

from logshuttle_site.notifications import told
from logshuttle_site.notifications.kinds import TEST
from logshuttle_site.notifications.models import Message, Recipient
from logshuttle_site.notifications.signs import Facts
from logshuttle_site.notifications.texts import data_of, text_of

FIRST_WAIT_SECONDS = 5.0
WAIT_SECONDS_MAX = 3600.0
TRIED_FOR = timedelta(days=1)
KEPT = timedelta(days=30)
PRUNED_AT_ONCE = 1000


def new(
    recipient: Recipient, key: str, event: str, each: Sequence[Facts], now: datetime
) -> Message:
    """Of one thing or of several; not saved yet."""
    text = text_of(event, each)
    return Message(
        recipient=recipient,
        key=key,
        event=event,
        text=text,
        data=data_of(event, each, text),
        created_at=now,
        next_try_at=now,
        try_until=now + TRIED_FOR,
    )


def waiting(busy: Collection[int], limit: int) -> list[int]:
    """Recipients whose messages are due, who waits longest first; not those that are `busy`."""
    due = Message.objects.filter(next_try_at__lte=Now(), recipient__enabled=True)
    firsts = due.exclude(recipient__in=busy).values("recipient").annotate(first=Min("next_try_at"))
    return list(firsts.order_by("first").values_list("recipient", flat=True)[:limit])


def next_of(recipient_id: int) -> Message | None:
    due = Message.objects.filter(next_try_at__lte=Now(), recipient__enabled=True)
    mine = due.filter(recipient=recipient_id)
    return mine.select_related("recipient").order_by("next_try_at", "created_at", "pk").first()


@transaction.atomic
def sent(message: Message) -> None:
    Message.objects.filter(pk=message.pk).update(
        sent_at=Now(), next_try_at=None, given_up_at=None, tries=F("tries") + 1, last_error=""
    )
    Recipient.objects.filter(pk=message.recipient_id).update(last_sent_at=Now(), last_error="")


@transaction.atomic
def failed(message: Message, why: str) -> None:
    """It is tried again, later and later, until a day is over."""
    mine = Message.objects.filter(pk=message.pk)
    wait = timedelta(seconds=wait_after(message.tries))
    mine.update(next_try_at=Now() + wait, tries=F("tries") + 1, last_error=why)
    mine.filter(try_until__lt=Now()).update(next_try_at=None, given_up_at=Now())
    Recipient.objects.filter(pk=message.recipient_id).update(last_error=why, last_error_at=Now())


def wait_after(tries: int) -> float:
    """Seconds, with jitter."""
    longest = min(FIRST_WAIT_SECONDS * 2 ** min(tries, 10), WAIT_SECONDS_MAX)
    return random.uniform(longest / 2, longest)  # noqa: S311


def try_again(messages: Collection[Message]) -> None:
    """What was given up, for a day more."""
    mine = Message.objects.filter(pk__in=[of.pk for of in messages], sent_at=None)
    with transaction.atomic():
        told.tried_again(mine.select_related("recipient"))
        mine.update(next_try_at=Now(), try_until=Now() + TRIED_FOR, given_up_at=None, tries=0)


def test_message(recipient: Recipient) -> Message:
    """Whoever asked for it sends it, once. Not saved: nobody is to send it besides."""
    message = new(recipient, f"{TEST} {uuid.uuid4()}", TEST, [{}], timezone.now())
    message.next_try_at = None
    return message


def tested(message: Message, why: str) -> None:
    """What has become of a test, which is not tried again. `why`: empty when it got there."""
    with suppress(IntegrityError), transaction.atomic():  # or its recipient is deleted meanwhile
        message.save(force_insert=True)
        if why:
            give_up(message, why)
        else:
            sent(message)
    told.tested(message, why)


def give_up(message: Message, why: str) -> None:
    failed(message, why)
    Message.objects.filter(pk=message.pk).update(next_try_at=None, given_up_at=Now())


def prune() -> None:
    old = Message.objects.filter(created_at__lt=timezone.now() - KEPT, next_try_at=None)
    Message.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:PRUNED_AT_ONCE])).delete()

"""One look at all that operators want to be told of: judged for each recipient, and written down
together with the messages that follow from it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from logshuttle_site.notifications import lease, outbox
from logshuttle_site.notifications.judge import Known, Note, Verdict, Wish, judge
from logshuttle_site.notifications.kinds import FAILING
from logshuttle_site.notifications.models import Lease, Message, Recipient, Told
from logshuttle_site.notifications.seen import fates_of, look, named
from logshuttle_site.notifications.signs import Seen, Sign, signs_of
from logshuttle_site.overview.figures import overview
from logshuttle_site.overview.values import ExpiringCertificate

CERTIFICATES_EVERY = timedelta(minutes=10)


class Rounds:
    """Of one process, which is `holder` of the lease."""

    def __init__(self, holder: str) -> None:
        self._holder = holder
        self._certificates: list[ExpiringCertificate] = []
        self._asked_at: datetime | None = None

    def look(self, now: datetime) -> int:
        """How many messages there are to send because of it."""
        recipients = list(Recipient.objects.filter(enabled=True))
        if not recipients:
            return 0
        judged_at = Lease.objects.values_list("judged_at", flat=True).get()
        seen = look(now, judged_at, self._ending(now))
        return self.judge(seen, recipients)

    def judge(self, seen: Seen, recipients: list[Recipient]) -> int:
        signs, count = signs_of(seen), 0
        with transaction.atomic():
            if not lease.is_held(self._holder):
                return 0
            for recipient in recipients:
                count += _judge(recipient, seen, signs)
            Lease.objects.update(judged_at=seen.now)
        return count

    def _ending(self, now: datetime) -> list[ExpiringCertificate]:
        if self._asked_at is None or abs(now - self._asked_at) >= CERTIFICATES_EVERY:
            self._certificates, self._asked_at = overview().certificates, now
        return self._certificates


def _judge(recipient: Recipient, seen: Seen, signs: list[Sign]) -> int:
    rows = {row.key: row for row in recipient.told.all()}
    known = {key: Known(row.kind, row.facts, row.told_at, row.gone_at) for key, row in rows.items()}
    wish = Wish(
        frozenset(recipient.events), timedelta(minutes=recipient.minutes), recipient.created_at
    )
    fates = fates_of(known, {sign.key for sign in signs}, seen.now)
    verdict = judge(wish, known, signs, seen.now, is_silent=seen.is_silent, fates=fates)
    return _write(recipient, verdict, rows, seen.now)


def _write(recipient: Recipient, verdict: Verdict, rows: dict[str, Told], now: datetime) -> int:
    mine = recipient.told.all()
    mine.filter(key__in=verdict.gone).update(gone_at=now)
    mine.filter(key__in=verdict.back).update(gone_at=None)
    mine.filter(key__in=verdict.over).delete()
    told = [
        Told(
            recipient=recipient,
            key=sign.key,
            kind=sign.kind,
            facts=named(sign.facts) if sign.kind == FAILING else sign.facts,
            told_at=now,
        )
        for sign in verdict.told
    ]
    by_key = {**rows, **{row.key: row for row in Told.objects.bulk_create(told)}}
    messages = [_message(recipient, note, by_key, now) for note in verdict.notes]
    Message.objects.bulk_create(messages, ignore_conflicts=True)
    return len(messages)


def _message(recipient: Recipient, note: Note, rows: dict[str, Told], now: datetime) -> Message:
    """Its key is of the row that says that it was told: of which there is one."""
    each = [{**rows[item.key].facts, **item.facts} for item in note.items]
    key = f"{note.kind} {rows[note.items[0].key].pk}"
    return outbox.new(recipient, key, note.kind, each, now)

"""One look at all that operators want to be told of: judged for each recipient, and written down
together with the messages that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from logshuttle_site.notifications import lease, outbox
from logshuttle_site.notifications.judge import Known, Note, Verdict, Wish, judge
from logshuttle_site.notifications.models import Lease, Message, Recipient, Told
from logshuttle_site.notifications.seen import failures_named, fates_of, look
from logshuttle_site.notifications.signs import Facts, Seen, Sign, signs_of
from logshuttle_site.overview.facts import certificates
from logshuttle_site.overview.values import ExpiringCertificate

CERTIFICATES_EVERY = timedelta(minutes=10)
NOTED_EVERY = timedelta(minutes=1)
"""That it was judged: less than seen.LOOKED_BACK."""


class Rounds:
    """Of one process, which is `holder` of the lease."""

    def __init__(self, holder: str) -> None:
        self._holder = holder
        self._certificates: list[ExpiringCertificate] = []
        self._asked_at: datetime | None = None
        self._first_seen: dict[str, datetime] = {}

    def look(self, now: datetime) -> int:
        """How many messages there are to send because of it."""
        recipients = list(Recipient.objects.filter(enabled=True))
        if not recipients:
            return 0
        judged_at = Lease.objects.values_list("judged_at", flat=True).get()
        seen = look(now, judged_at, self._ending(now))
        return self.judge(seen, recipients)

    def judge(self, seen: Seen, recipients: list[Recipient]) -> int:
        signs = signs_of(seen)
        self._first_seen = {of.key: self._first_seen.get(of.key, seen.now) for of in signs}
        with transaction.atomic():
            if not lease.is_held(self._holder):
                return 0
            found = [_Judged.of(to, seen, signs, self._first_seen) for to in recipients]
            named = failures_named(sign for each in found for sign in each.verdict.news)
            count = sum(each.write(named, seen.now) for each in found)
            Lease.objects.exclude(judged_at__gt=seen.now - NOTED_EVERY).update(judged_at=seen.now)
        return count

    def _ending(self, now: datetime) -> list[ExpiringCertificate]:
        if self._asked_at is None or abs(now - self._asked_at) >= CERTIFICATES_EVERY:
            self._certificates, self._asked_at = certificates(now), now
        return self._certificates


class _Judged(NamedTuple):
    recipient: Recipient
    rows: dict[str, Told]
    """What it has been told, by key."""
    verdict: Verdict

    @classmethod
    def of(
        cls,
        recipient: Recipient,
        seen: Seen,
        signs: list[Sign],
        first_seen: Mapping[str, datetime],
    ) -> _Judged:
        rows = {row.key: row for row in recipient.told.all()}
        known = {key: Known(of.kind, of.facts, of.told_at, of.gone_at) for key, of in rows.items()}
        minutes = timedelta(minutes=recipient.minutes)
        wish = Wish(frozenset(recipient.events), minutes, recipient.created_at)
        fates = fates_of(known, {sign.key for sign in signs}, seen.now)
        verdict = judge(
            wish,
            known,
            signs,
            seen.now,
            is_silent=seen.is_silent,
            fates=fates,
            first_seen=first_seen,
        )
        return cls(recipient, rows, verdict)

    def write(self, named: Mapping[str, Facts], now: datetime) -> int:
        """How many messages there are."""
        verdict, mine = self.verdict, self.recipient.told.all()
        if verdict.gone:
            mine.filter(key__in=verdict.gone).update(gone_at=now)
        if verdict.back:
            mine.filter(key__in=verdict.back).update(gone_at=None)
        for key, sign in verdict.moved.items():
            facts = named.get(sign.key, sign.facts)
            mine.filter(key=key).update(key=sign.key, facts=facts, gone_at=None)
        if verdict.over:
            mine.filter(key__in=verdict.over).delete()
        told = [self._told(sign, named.get(sign.key, sign.facts), now) for sign in verdict.told]
        rows = {**self.rows, **{row.key: row for row in Told.objects.bulk_create(told)}}
        messages = [_message(self.recipient, note, rows, now) for note in verdict.notes]
        Message.objects.bulk_create(messages, ignore_conflicts=True)
        return len(messages)

    def _told(self, sign: Sign, facts: Facts, now: datetime) -> Told:
        return Told(
            recipient=self.recipient, key=sign.key, kind=sign.kind, facts=facts, told_at=now
        )


def _message(recipient: Recipient, note: Note, rows: dict[str, Told], now: datetime) -> Message:
    """Its key is of the row that says that it was told: of which there is one."""
    each = [{**rows[item.key].facts, **item.facts} for item in note.items]
    key = f"{note.kind} {rows[note.items[0].key].pk}"
    return outbox.new(recipient, key, note.kind, each, now)

"""Whom operators want to be told, what each has been told, and what is still to be sent."""

from __future__ import annotations

import uuid

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils import timezone

from drains.fields import EncryptedTextField

MINUTES_MAX = 24 * 60


class Recipient(models.Model):
    class Kind(models.TextChoices):
        WEBHOOK = "webhook", "webhook"
        EMAIL = "email", "e-mail"

    name = models.CharField(max_length=100, blank=True, default="")
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.WEBHOOK)
    address = EncryptedTextField(editable=False)
    """A URL, which may hold secrets in any of its parts; or an e-mail address."""
    shown = models.CharField("address", max_length=330, editable=False)
    """The address without its secrets."""
    events = models.JSONField(default=list)
    """Of kinds.WISHES."""
    minutes = models.PositiveSmallIntegerField(
        default=5, validators=[MaxValueValidator(MINUTES_MAX)]
    )
    """So long drains have to fail before it is told; and to work, before it is told of that."""
    secret = EncryptedTextField(blank=True, default="", editable=False)
    """What a webhook's messages are signed with, as Standard Webhooks write it: `whsec_…`."""
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_sent_at = models.DateTimeField(null=True, editable=False)
    last_error = models.TextField(blank=True, default="", editable=False)
    """Of the last try; empty when that went well."""
    last_error_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.shown})" if self.name else self.shown


class Told(models.Model):
    """Something that is not over, and of which a recipient has been told."""

    recipient = models.ForeignKey(Recipient, on_delete=models.CASCADE, related_name="told")
    key = models.CharField(max_length=64)
    kind = models.CharField(max_length=40)
    facts = models.JSONField()
    told_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)
    """Since when it is seen no more: over, once it stays so."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recipient", "key"], name="told_once_a_recipient")
        ]

    def __str__(self) -> str:
        return f"{self.kind} told to {self.recipient_id}"


STATES = {
    "waits": models.Q(sent_at=None, next_try_at__isnull=False),
    "sent": models.Q(sent_at__isnull=False),
    "given up": models.Q(sent_at=None, next_try_at=None),
}
"""Of messages: each by what its columns say."""


class Message(models.Model):
    """The outbox: what a recipient is sent, again until it has got it or a day is over."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recipient = models.ForeignKey(Recipient, on_delete=models.CASCADE, related_name="messages")
    key = models.CharField(max_length=120)
    """Of what it tells, so that nothing is told twice."""
    event = models.CharField(max_length=40)
    text = models.TextField()
    data = models.JSONField()
    created_at = models.DateTimeField()
    next_try_at = models.DateTimeField(null=True)
    """Null: it has been sent, or is given up."""
    try_until = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recipient", "key"], name="message_once_a_recipient")
        ]
        indexes = [
            models.Index(fields=["next_try_at"], name="message_next_try"),
            models.Index(fields=["created_at"], name="message_created"),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def state(self) -> str:
        """Of STATES."""
        if self.sent_at:
            return "sent"
        return "waits" if self.next_try_at else "given up"


class Lease(models.Model):
    """One row: the process that judges and sends, until when, and when it judged last."""

    holder = models.CharField(max_length=64, blank=True, default="")
    until = models.DateTimeField()
    judged_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.holder} until {self.until}"


class SaidState(models.Model):
    """A drain's failure that is an event of its app already (DRAIN_EVENTS), or its recovery."""

    drain = models.UUIDField(primary_key=True)
    state = models.CharField(max_length=16)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.drain} is {self.state}"

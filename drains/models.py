"""Drains, and how far each has got where it is behind."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import models
from django.utils import timezone

from drains.destination import Destination
from drains.fields import EncryptedTextField, revealed
from drains.options.stored import StoredOptions
from drains.status_models import DrainStatus, Heartbeat
from drains.url_digests import url_digests_of
from drains.versions import GoneDrain, RouteVersion
from events.owner_columns import OwnedQuerySet, OwnerColumns, one_owner

__all__ = (
    "Drain",
    "DrainCursor",
    "DrainEvent",
    "DrainStatus",
    "GoneDrain",
    "Heartbeat",
    "Installation",
    "PartitionClaim",
    "RouteVersion",
    "Start",
)


ADDRESS_CHARACTERS_MAX = 2100


class DrainQuerySet(OwnedQuerySet["Drain"]):
    def with_id(self, text: str) -> Drain | None:
        """None for an id that is unknown, or that is none: it has one spelling alone, so that what
        counts by it cannot be told another."""
        try:
            drain_id = uuid.UUID(text)
        except ValueError:
            return None
        return self.filter(pk=drain_id).first() if str(drain_id) == text else None


class Start(models.TextChoices):
    """What says where a drain's lines begin."""

    EXACT = "exact", "exact"
    """Kafka's end offsets, as of the request that made it."""
    APPROXIMATE = "approximate", "approximate: up to a minute early"
    """Its records' times, as Kafka was away then."""
    BY_TIME = "by_time", "approximate: made before starts were kept"
    """No more than its age: where nobody has consumed a partition yet, its records' times."""


class Drain(OwnerColumns, StoredOptions):
    """One end point that gets the lines of one app, or of one site."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, blank=True, default="")
    url = EncryptedTextField()
    url_digest = models.CharField(max_length=64, editable=False)
    """Tells equal URLs; the first of `url_digests`, where it was written under today's keys."""
    url_digests: Sequence[str] = ()
    """Of a URL that has just been set: what the row of a twin may have. In no column."""
    address = models.CharField(max_length=ADDRESS_CHARACTERS_MAX, editable=False)
    """The URL without its secrets: to show and to search."""
    scheme = models.CharField(max_length=16, default="", db_default="", editable=False)
    host = models.CharField(max_length=255, default="", db_default="", editable=False)
    port = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    """Whose drains fail together: the receiver. Empty where that is not known."""
    paused = models.BooleanField(default=False)
    start = models.CharField(
        max_length=16, choices=Start.choices, default=Start.EXACT, editable=False
    )
    start_pending = models.BooleanField(default=False, editable=False)
    """Its first cursors are still to be written, by a worker: until then it is sent nothing."""
    cursor_version = models.IntegerField(default=0, editable=False)
    """Counted up where anybody but a worker writes its cursors: workers then read them again."""
    state = models.CharField(max_length=16, default="", db_default="", editable=False)
    """The worst that its workers say, for lists; who shows it asks `status.py`, which knows whether
    any is left. Written by them alone, with the moment since when it is so; empty: by none yet."""
    state_since = models.DateTimeField(null=True, editable=False)
    severity = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    """Written with the state (states.SEVERITY): lists begin with what is worst off."""
    tries = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    """Counted up by whoever will not wait for the next try: workers dial at once."""
    changed = models.BigIntegerField(default=0, db_default=0, db_index=True, editable=False)
    """The number (RouteVersion) of the last change that workers are to follow."""
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = DrainQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["app", "space", "site", "url_digest"], name="drain_url_once_a_key"
            ),
            one_owner("drain_of_an_app_or_of_a_site"),
        ]
        indexes = [
            # What lists are sorted by, and narrowed to; menus and tabs are counted in these alone.
            models.Index(
                fields=["paused", "state", "severity", "state_since", "id"], name="drain_in_state"
            ),
            models.Index(fields=["severity", "state_since", "id"], name="drain_worst_first"),
            models.Index(fields=["host", "port"], name="drain_receiver"),
            models.Index(fields=["space"], name="drain_space"),
            models.Index(fields=["scheme"], name="drain_scheme"),
        ]

    def __str__(self) -> str:
        return f"{self.key} → {self.address}"

    @property
    def receiver(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def plain_url(self) -> str:
        """Raises UndecryptableError."""
        return revealed(self.url)

    def set_url(self, url: str, to: Destination) -> None:
        """`to`: where it leads."""
        self.url = url
        self.show_url(to)

    def show_url(self, to: Destination) -> None:
        """Take down what can be read of its URL without a key."""
        self.address = to.redacted[:ADDRESS_CHARACTERS_MAX]
        self.scheme, self.host, self.port = to.scheme, to.host, to.port
        self.url_digests = url_digests_of(to)
        self.url_digest = self.url_digests[0]

    @property
    def destination(self) -> Destination:
        """Raises UndecryptableError, or ValueError for a URL that the rules refuse by now."""
        return Destination.parse(self.plain_url)


class Installation(models.Model):
    """One row, made by the first worker: which installation's offsets are this database's, where
    several share a Kafka; and which keys it has."""

    public_id = models.CharField(max_length=32)
    has_former_key = models.BooleanField(default=False, db_default=False)
    """It was there before field keys were made from SECRET_KEY by HKDF: until `rotatesecrets` has
    run, processes of that version may still read what is written."""


class DrainCursor(models.Model):
    """Where a drain has to go on in a partition: all below has been delivered, or is not its own.

    No row: where the group stands. A drain begins with rows at the ends of its partitions.
    """

    drain = models.ForeignKey(Drain, on_delete=models.CASCADE, related_name="cursors")
    topic = models.CharField(max_length=249)
    partition = models.IntegerField()
    offset = models.BigIntegerField()
    topic_id = models.CharField(max_length=64, blank=True, default="")
    """Of the log that this is an offset of: a topic that is made anew has another."""
    resend_from = models.BigIntegerField(null=True)
    """A window that is sent again begins here. The same as `offset` where the drain had no cursor:
    it is where the group stands then."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["drain", "topic", "partition"], name="drain_cursor_once_a_partition"
            )
        ]
        indexes = [models.Index(fields=["topic"], name="drain_cursor_topic")]

    def __str__(self) -> str:
        return f"{self.topic} [{self.partition}] from {self.offset}"


class PartitionClaim(models.Model):
    """Which worker of a group may write cursors of a partition: the one that was assigned it last.

    And how far the group has got there, should Kafka have forgotten it.
    """

    group = models.CharField(max_length=255)
    topic = models.CharField(max_length=249)
    partition = models.IntegerField()
    token = models.CharField(max_length=255)
    offset = models.BigIntegerField(null=True)
    """The last one that was committed, or may have been."""
    topic_id = models.CharField(max_length=64, blank=True, default="")
    """Of the log that this is an offset of."""
    tries = models.IntegerField(default=0, db_default=0)
    """So many have taken it over one after the other, of whom none has said that it held it."""
    deadly = models.JSONField(null=True)
    """Offsets of records that take workers down; null: of a version that did not look for any."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", "topic", "partition"], name="one_claim_a_group_and_partition"
            )
        ]

    def __str__(self) -> str:
        return f"{self.topic} [{self.partition}] is {self.token}'s"


class DrainEvent(models.Model):
    """What happened to a drain, which may be gone by now: at most one of a kind a minute."""

    drain = models.UUIDField()
    owner = models.CharField(max_length=520)
    address = models.CharField(max_length=2100)
    what = models.CharField(max_length=16)
    """Was done to it (changes.Change); or `failing`, or `state` for any other that it went into."""
    state = models.CharField(max_length=16, blank=True, default="")
    why = models.TextField(blank=True, default="")
    at = models.DateTimeField()
    minute = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["drain", "what", "minute"], name="drain_event_once_a_minute"
            )
        ]
        indexes = [
            models.Index(fields=["at"], name="drain_event_at"),
            models.Index(fields=["drain", "at"], name="drain_event_drain"),
        ]

    def __str__(self) -> str:
        return f"{self.owner}: {self.state or self.what} at {self.at}"

"""What operators see: who works, what went through it, what could not be read. Workers write it."""

from __future__ import annotations

from django.db import models


class Worker(models.Model):
    """What one process last said of itself."""

    name = models.CharField(primary_key=True, max_length=200)
    host = models.CharField(max_length=255)
    version = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    reported_at = models.DateTimeField(db_index=True)
    has_ended = models.BooleanField(default=False)
    """In order: it is not missed."""
    partitions = models.IntegerField(default=0)
    consumer_lag = models.BigIntegerField(default=0)
    """Records that Kafka has and its live pass has not."""
    lines_in = models.FloatField(default=0)
    """A second, as are the next two: since it spoke before."""
    lines_out = models.FloatField(default=0)
    cpu = models.FloatField(default=0)
    """Seconds of CPU."""
    memory_bytes = models.BigIntegerField(default=0)
    retention_ms = models.JSONField(default=dict)
    """How long Kafka keeps the records of each topic that it reads; null: forever, by their size
    alone, or that was not to be known."""

    assignment = models.JSONField(null=True)
    """By topic that it reads: its partitions (events.kafka.partition_ranges), of how many; null: it
    is of a version that does not say so."""
    assigned_since = models.DateTimeField(null=True)
    """Since when it has just these."""

    open_files_max = models.BigIntegerField(null=True)
    """As the next one: how many it may have; null: nobody knows, or there is no limit."""
    local_ports = models.IntegerField(null=True)
    """To connect to one receiver from."""

    keys = models.JSONField(null=True)
    """Which it has (events.key_names); null: it is of a version that does not say so."""

    def __str__(self) -> str:
        return self.name


class Rollup(models.Model):
    """What went through one worker in a minute or an hour."""

    class Span(models.TextChoices):
        MINUTE = "minute"
        HOUR = "hour"

    worker = models.CharField(max_length=200)
    span = models.CharField(max_length=8, choices=Span.choices)
    begins_at = models.DateTimeField()
    figures = models.JSONField()
    """Counts by what they are of: `received` by source, `delivered` by scheme, `lost` and
    `malformed` by reason; `delays`, lines by the histogram's buckets (delay_histogram.BOUNDS);
    `behind`, lines that drains lacked times seconds; `cost`, microseconds of CPU that these figures
    themselves took."""
    talkers = models.JSONField(default=dict)
    """The largest: `apps`, by owner lines and bytes; `drains`, by id lines and bytes on the wire,
    with those that are sent again; `topics`, records. `other` is the rest."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["worker", "span", "begins_at"], name="rollup_once_a_worker_and_span"
            )
        ]
        indexes = [models.Index(fields=["span", "begins_at"], name="rollup_span")]

    def __str__(self) -> str:
        return f"{self.span} {self.begins_at} of {self.worker}"


class MalformedSample(models.Model):
    """A record that was no line: where it is, how it begins, why."""

    topic = models.CharField(max_length=249)
    partition = models.IntegerField()
    offset = models.BigIntegerField()
    reason = models.CharField(max_length=64)
    begins = models.CharField(max_length=1000)
    """Its first bytes, those that are no printable ASCII escaped."""
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["topic", "partition", "offset"], name="malformed_sample_once_a_record"
            )
        ]
        verbose_name = "malformed record"

    def __str__(self) -> str:
        return f"{self.reason} in {self.topic} [{self.partition}] at {self.offset}"

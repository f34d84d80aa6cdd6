"""The only writers of drains. Each change and the route version go into one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from drains import starts
from drains.delivery.network.errors import RefusedByPolicyError
from drains.destination import Destination
from drains.egress_check import refuse_egress
from drains.errors import (
    InvalidDrainError,
    KafkaAwayError,
    PausedDrainError,
    TooManyDrainsError,
)
from drains.fields import UndecryptableError
from drains.filters import EVERYTHING
from drains.models import Drain, DrainCursor, DrainStatus, Start
from drains.moments import rfc3339
from drains.options.rules import (
    Options,
    checked,
    refuse_misfits,
    refuse_slow_patterns,
    together,
)
from drains.other_receiver import refuse_to_hand_on
from drains.route_change import count_up_routes, lock, refuse_twin, route_change, stamp
from drains.selectors import egress_policy
from drains.states import SEVERITY
from drains.status import resumed
from drains.told import chosen, facts_of
from drains.url_text import refuse_redacted
from events.changes import differing
from events.kafka.cluster import Span
from events.keys import Key
from events.owner_columns import columns_of
from events.owners import faults_of
from events.topics import SOURCE_TOPICS

NAME_CHARACTERS_MAX = 100


def create_drain(
    key: Key,
    url: str,
    *,
    name: str = "",
    paused: bool = False,
    begin: Iterable[Span] | None = None,
    **changes: object,
) -> Drain:
    """A drain that gets every line that reaches Kafka from now on.

    `changes`: options by name, as JSON gives them; null stands for a default. `begin`: the ends
    of its partitions, else Kafka is asked; one that is not among them is its own from where the
    workers stand, or from its beginning. Raises DrainError.
    """
    drain = new_drain(key, url, name=name, paused=paused, **changes)
    if begin is None:
        try:
            begin = starts.ends_of(key)
        except KafkaAwayError:
            begin, drain.start, drain.start_pending = (), Start.APPROXIMATE, True
    with route_change(drain, "made") as doing:
        refuse_twin(drain)
        limit = settings.MAX_DRAINS_PER_APP
        if Drain.objects.of(key).count() >= limit:
            raise TooManyDrainsError(limit)
        drain.save(force_insert=True)
        DrainCursor.objects.bulk_create(starts.cursor_at(drain.pk, at, at.end) for at in begin)
        doing.after = chosen(drain)
    return drain


def new_drain(
    key: Key, url: str, *, name: str = "", paused: bool = False, **changes: object
) -> Drain:
    """One that nobody has saved, by all the rules. Raises DrainError."""
    refuse_odd_key(key)
    drain = Drain(**columns_of(key), name=_checked_name(name), paused=paused)
    destination = _admitted(url)
    drain.set_url(url, destination)
    wanted = checked(changes)
    refuse_slow_patterns(wanted, EVERYTHING)
    _set_options(drain, wanted, destination)
    drain.created_at = drain.updated_at = timezone.now()
    drain.severity = SEVERITY["new"]  # until a worker says else
    return drain


def change_drain(
    drain: Drain,
    *,
    url: str | None = None,
    name: str | None = None,
    paused: bool | None = None,
    held: Collection[str] | None = None,
    sees_secrets: bool = False,
    **changes: object,
) -> Drain:
    """Change what is given, options too; the drain keeps its place in the logs. Raises DrainError.

    Of `tls` each member that is given, any other option as a whole. `held`: see route_change.lock.
    `sees_secrets`: for whom they go along to another receiver.
    """
    # Before the transaction, which no name server may hold up, nor a pattern that is measured.
    destination = None if url is None else _admitted(url)
    wanted = checked(changes)
    refuse_slow_patterns(wanted, drain.shown_options.filter)
    with route_change(drain, "changed") as doing:
        lock(drain, held)
        before = facts_of(drain), drain.receiver
        if name is not None:
            drain.name = _checked_name(name)
        if url is not None and destination is not None:
            if not sees_secrets:
                refuse_to_hand_on(drain, destination, wanted)
            drain.set_url(url, destination)
            refuse_twin(drain)
        if wanted or destination:  # options that stay have to fit a new URL too
            _set_options(drain, wanted, destination)
        if paused is not None and paused is not drain.paused:
            drain.paused, doing.what = paused, "paused" if paused else "resumed"
        drain.updated_at = timezone.now()
        drain.save(force_update=True)
        doing.before, doing.after = differing(before[0], facts_of(drain))
        _bring_statuses_along(drain, doing.what, before[1])
    return drain


def _bring_statuses_along(drain: Drain, what: str, receiver: tuple[str, str, int]) -> None:
    """`receiver`: the one before."""
    if what == "resumed":
        resumed(Drain.objects.filter(pk=drain.pk), drain.updated_at)
    if drain.receiver != receiver:  # whose certificate workers have seen
        DrainStatus.objects.filter(drain=drain).update(certificate_ends_at=None)


def delete_drain(drain: Drain, held: Collection[str] | None = None) -> None:
    """Raises UnknownDrainError when somebody else was quicker. `held`: see route_change.lock."""
    with route_change(drain, "deleted") as doing:
        lock(drain, held)
        doing.before = chosen(drain)
        Drain.objects.filter(pk=drain.pk).delete()


def try_now(drain: Drain) -> None:
    """Have its receiver dialled at once, however long workers would wait. Raises DrainError."""
    with route_change(drain, "tried"):
        lock(drain)
        if drain.paused:
            raise PausedDrainError
        Drain.objects.filter(pk=drain.pk).update(tries=F("tries") + 1)


def send_again(drain: Drain, since: str) -> tuple[datetime, int]:
    """Send once more what Kafka has of a drain's lines from a time on (see moments.moment_of).

    Returns that time, and how many records there are, of all apps. Raises DrainError.
    """
    if drain.paused:
        raise PausedDrainError
    begin = starts.window_begin(drain, since)
    window = [span for span in starts.since(drain.key, begin) if span.begin < span.end]
    records = sum(span.end - span.begin for span in window)
    with route_change(drain, "sent again") as doing:
        lock(drain)
        if drain.paused:
            raise PausedDrainError
        _rewind(drain.pk, starts.window_cursors(drain.pk, window))
        doing.after = {"since": rfc3339(begin), "records": records}
    return begin, records


def write_start(drain_id: UUID, begin: Sequence[Span]) -> None:
    """The first cursors of a drain that was made while Kafka was away; only once."""
    pending = Drain.objects.filter(pk=drain_id, start_pending=True)
    if not pending.exists():
        return
    with transaction.atomic():
        number = count_up_routes()
        if pending.update(start_pending=False):
            _rewind(drain_id, [starts.cursor_at(drain_id, span, span.begin) for span in begin])
        stamp([drain_id], number)


def _rewind(drain_id: UUID, cursors: Iterable[DrainCursor]) -> None:
    """Workers read them again."""
    Drain.objects.filter(pk=drain_id).update(cursor_version=F("cursor_version") + 1)
    DrainCursor.objects.bulk_create(
        cursors,
        update_conflicts=True,
        unique_fields=["drain", "topic", "partition"],
        update_fields=["offset", "topic_id", "resend_from"],
    )


def refuse_odd_key(key: Key) -> None:
    """Raises InvalidDrainError for a key that no line can ever have."""
    faults = faults_of(key._asdict(), reserved=SOURCE_TOPICS)
    if faults:
        raise InvalidDrainError(*next(iter(faults.items())))


def _checked_name(name: str) -> str:
    if len(name) > NAME_CHARACTERS_MAX:
        raise InvalidDrainError("name", f"longer than {NAME_CHARACTERS_MAX} characters")
    if not name.isprintable():
        raise InvalidDrainError("name", "contains a control character")
    return name


def _admitted(url: str) -> Destination:
    """Where a URL leads, if drains may send there."""
    try:
        refuse_redacted(url)
        destination = Destination.parse(url)
        refuse_egress(egress_policy(), destination.host, destination.port)
    except (ValueError, RefusedByPolicyError) as error:
        raise InvalidDrainError("url", str(error)) from None
    return destination


def _set_options(drain: Drain, wanted: Options, destination: Destination | None) -> None:
    """`destination`: where a new URL leads; None: the drain keeps the one it has."""
    options = together(wanted, lambda name: _readable(name, partial(drain.option, name)))
    refuse_misfits(options, destination or _readable("url", lambda: drain.destination))
    drain.set_options(options)


def _readable(field: str, read: Callable[[], Any]) -> Any:
    """Of a drain that nobody can read by now everything lost has to be given once more."""
    try:
        return read()
    except (UndecryptableError, ValueError):
        why = "what is stored cannot be used any more: give it again, or take it away"
        raise InvalidDrainError(field, why) from None

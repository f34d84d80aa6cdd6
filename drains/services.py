"""The only writers of drains. Each change and the route version go into one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from drains.delivery.errors import RefusedByPolicyError
from drains.destination import Destination
from drains.egress_check import refuse_egress
from drains.errors import (
    InvalidDrainError,
    TooManyDrainsError,
    TwinDrainError,
    UnknownDrainError,
)
from drains.fields import UndecryptableError
from drains.models import KEY_CHARACTERS_MAX, Drain, RouteVersion, columns_of
from drains.option_rules import Wanted, checked, refuse_misfits, together
from drains.selectors import egress_policy
from events.keys import LEGAL_SPACE, AppKey, Key, SiteKey

_NAME_CHARACTERS_MAX = 100


def create_drain(
    key: Key,
    url: str,
    *,
    name: str = "",
    since: datetime | None = None,
    **changes: object,
) -> Drain:
    """A drain that gets every line from `since` (default: now) on.

    `changes`: options by name, as JSON gives them; null stands for a default. Raises DrainError.
    """
    refuse_odd_key(key)
    drain = Drain(**columns_of(key), name=_checked_name(name))
    _refuse_egress(url)
    _set_url(drain, url)
    _set_options(drain, checked(changes))
    drain.active_since = drain.created_at = drain.updated_at = since or timezone.now()
    with _route_change(drain):
        limit = settings.MAX_DRAINS_PER_APP
        if Drain.objects.of(key).count() >= limit:
            _refuse_twin(drain)
            raise TooManyDrainsError(limit)
        drain.save(force_insert=True)
    return drain


def change_drain(
    drain: Drain,
    *,
    url: str | None = None,
    name: str | None = None,
    paused: bool | None = None,
    **changes: object,
) -> Drain:
    """Change what is given, options too; the drain keeps its place in the logs. Raises DrainError.

    Of `tls` each member that is given, any other option as a whole.
    """
    if url is not None:
        _refuse_egress(url)  # before the transaction, which no name server may hold up
    wanted = checked(changes)
    with _route_change(drain):
        _refresh(drain)
        if name is not None:
            drain.name = _checked_name(name)
        if url is not None:
            _set_url(drain, url)
        if wanted or url is not None:  # options that stay have to fit a new URL too
            _set_options(drain, wanted)
        if paused is not None:
            drain.paused = paused
        drain.updated_at = timezone.now()
        drain.save(force_update=True)
    return drain


def delete_drain(drain: Drain) -> None:
    """Raises UnknownDrainError when somebody else was quicker."""
    with _route_change(drain):
        deleted, _ = Drain.objects.filter(pk=drain.pk).delete()
        if not deleted:
            raise UnknownDrainError


def refuse_odd_key(key: Key) -> None:
    """Raises InvalidDrainError for a key that no line can ever have."""
    for field, text in key._asdict().items():
        if len(text) > KEY_CHARACTERS_MAX:
            raise InvalidDrainError(field, f"longer than {KEY_CHARACTERS_MAX} characters")
        if not text.isprintable() or " " in text:
            raise InvalidDrainError(field, "contains a space or a control character")
    if isinstance(key, AppKey) and not LEGAL_SPACE.fullmatch(key.space):
        raise InvalidDrainError("space", "may have only a-z, 0-9, '.', '_' and '-'")
    if isinstance(key, SiteKey) and not key.site:
        raise InvalidDrainError("site", "is empty")


def _checked_name(name: str) -> str:
    if len(name) > _NAME_CHARACTERS_MAX:
        raise InvalidDrainError("name", f"longer than {_NAME_CHARACTERS_MAX} characters")
    if not name.isprintable():
        raise InvalidDrainError("name", "contains a control character")
    return name


def _destination_of(url: str) -> Destination:
    try:
        return Destination.parse(url)
    except ValueError as error:
        raise InvalidDrainError("url", str(error)) from None


def _refuse_egress(url: str) -> None:
    destination = _destination_of(url)
    try:
        refuse_egress(egress_policy(), destination.host, destination.port)
    except RefusedByPolicyError as error:
        raise InvalidDrainError("url", str(error)) from None


def _set_url(drain: Drain, url: str) -> None:
    destination = _destination_of(url)
    drain.url = url
    drain.address = destination.redacted
    drain.url_digest = _digest_of(destination)


def _set_options(drain: Drain, wanted: Wanted) -> None:
    options = together(wanted, lambda name: _readable(name, partial(drain.option, name)))
    destination: Destination = _readable("url", lambda: drain.destination)
    refuse_misfits(options, destination)
    drain.set_options(options)


def _readable(field: str, read: Callable[[], Any]) -> Any:
    """Of a drain that nobody can read by now everything lost has to be given once more."""
    try:
        return read()
    except (UndecryptableError, ValueError):
        why = "what is stored cannot be used any more: give it again, or take it away"
        raise InvalidDrainError(field, why) from None


def _digest_of(destination: Destination) -> str:
    """Tells equal URLs without telling the URL: it may hold a password."""
    text = "\0".join(destination.canonical)
    return salted_hmac("drains.url", text, algorithm="sha256").hexdigest()


@contextmanager
def _route_change(drain: Drain) -> Iterator[None]:
    """A transaction that workers will notice. Raises TwinDrainError when the URL is taken."""
    try:
        with transaction.atomic():
            # First, so that changes wait for each other and their numbers come in their order.
            RouteVersion.objects.filter(pk=1).update(number=F("number") + 1)
            yield
    except IntegrityError:
        _refuse_twin(drain)
        raise


def _refresh(drain: Drain) -> None:
    """What it is by now: a change that came in between must not be undone."""
    try:
        drain.refresh_from_db()
    except Drain.DoesNotExist:
        raise UnknownDrainError from None


def _refuse_twin(drain: Drain) -> None:
    twins = Drain.objects.of(drain.key).filter(url_digest=drain.url_digest)
    twin = twins.exclude(pk=drain.pk).first()
    if twin is not None:
        raise TwinDrainError(str(twin.pk))

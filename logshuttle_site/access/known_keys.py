"""Who holds a key that came with a request.

One indexed query, which a key that was good is spared for some seconds. An unknown prefix is as
much work as a wrong secret: a row's digest, or none's, is compared with those of what was given.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, NamedTuple

from django.db.models import Q
from django.utils import timezone

from drains.moments import in_words
from events.database_faults import fault_of
from events.database_trouble import troubles
from events.kept import ENTRY_BYTES, bytes_of
from logshuttle_site.access.callers import KeyHolder, held_by
from logshuttle_site.access.errors import EndedKeyError
from logshuttle_site.access.key_text import digests_of, pepper_name, prefix_of
from logshuttle_site.access.models import ApiKey
from logshuttle_site.access.reach import Reach

FRESH_SECONDS = 3.0
"""So long another process may take a key that is revoked."""
KEPT_BYTES = 1024 * 1024
USED_EACH = timedelta(minutes=1)
"""No use is written more often."""

_COLUMNS = ("pk", "digest", "name", "scopes", "reach", "expires_at", "revoked_at", "last_used_at")
_NOBODY: tuple[Any, ...] = (0, "0" * 64, "", [], [], None, None, None)


class Known(NamedTuple):
    """A key that is good by its secret."""

    pk: int
    holder: KeyHolder
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def refuse_ended(self, now: datetime) -> None:
        """Raises EndedKeyError."""
        if self.revoked_at is not None:
            raise EndedKeyError(f"this key was revoked at {in_words(self.revoked_at)}")
        if self.expires_at is not None and self.expires_at <= now:
            raise EndedKeyError(f"this key expired at {in_words(self.expires_at)}")

    @property
    def bytes(self) -> int:
        """At most, with its place among others."""
        reach = self.holder.reach.entries
        return ENTRY_BYTES * (10 + 5 * len(reach)) + 5 * bytes_of(self.holder.name, *reach)


class KeptKeys:
    """Those that were good a moment ago, by their digests. All requests of a process share it."""

    def __init__(
        self, bytes_max: int = KEPT_BYTES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._bytes_max = bytes_max
        self._clock = clock
        self._known: dict[str, tuple[float, Known]] = {}
        self._bytes = 0
        self._lock = Lock()

    def get(self, digest: str) -> Known | None:
        until, known = self._known.get(digest, (0.0, None))
        return known if self._clock() < until else None

    def keep(self, digest: str, known: Known) -> None:
        if known.bytes > self._bytes_max:
            return
        with self._lock:
            if digest not in self._known:
                self._bytes += known.bytes
            if self._bytes > self._bytes_max:
                self._known.clear()
                self._bytes = known.bytes
            self._known[digest] = (self._clock() + FRESH_SECONDS, known)

    def forget_all(self) -> None:
        with self._lock:
            self._known.clear()
            self._bytes = 0


_kept = KeptKeys()


def holder_of(text: str) -> KeyHolder | None:
    """None for a key that nobody was given. Raises EndedKeyError for one that was good."""
    prefix = prefix_of(text)
    if prefix is None:
        return None
    digests, now = digests_of(text), timezone.now()
    kept = _kept.get(digests[0])
    known = kept or _looked_up(prefix, digests)
    if known is None:
        return None
    known.refuse_ended(now)
    if kept is None:
        _kept.keep(digests[0], known)
        if known.last_used_at is None or known.last_used_at <= now - USED_EACH:
            _note_use(known.pk, digests[0], now)
    return known.holder


def forget_all() -> None:
    """A key has just ended: this process takes none any more without asking."""
    _kept.forget_all()


def _looked_up(prefix: str, digests: list[str]) -> Known | None:
    row = ApiKey.objects.filter(prefix=prefix).order_by().values_list(*_COLUMNS).first()
    pk, digest, name, scopes, reach, expires_at, revoked_at, last_used_at = row or _NOBODY
    is_right = [hmac.compare_digest(digest, each) for each in digests]
    if not any(is_right):
        return None
    holder = KeyHolder(prefix, name, held_by(scopes), Reach(reach))
    return Known(pk, holder, expires_at, revoked_at, last_used_at)


def _note_use(pk: int, newest: str, now: datetime) -> None:
    """And writes its digest under the newest SECRET_KEY: nobody but who sends it has the key."""
    unnoted = Q(last_used_at=None) | Q(last_used_at__lte=now - USED_EACH)
    try:
        ApiKey.objects.filter(unnoted, pk=pk, revoked_at=None).update(
            last_used_at=now, digest=newest, pepper=pepper_name()
        )
    except Exception as error:  # to read needs no right to write
        if (fault := fault_of(error)) is None:
            raise
        troubles.note(error, fault)

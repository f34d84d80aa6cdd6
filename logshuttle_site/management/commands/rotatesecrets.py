"""`manage.py rotatesecrets`: what is encrypted, under the newest key; then older ones can go."""

from __future__ import annotations

import time
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import models

from drains.models import Drain
from drains.rotation import (
    Rotation,
    encrypted_fields,
    forget_former_key,
    rotate_drains,
    rotate_fields,
)
from events.changes import Change, announce
from logshuttle_site.access.services import what_hangs_on_older_secrets

NAMED_MAX = 100
TOLD_SECONDS = 10.0
"""How often it is told how far it is; to a terminal, with each portion."""
INTERRUPTED = 130


class Command(BaseCommand):
    help = (
        "Encrypt all secrets in the database under the newest key. Run it when all processes have"
        " that key first; once it writes nothing any more, take the older ones away. It can be"
        " interrupted and run again."
    )
    requires_system_checks = ["logshuttle"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._counts: dict[str, dict[str, int]] = {}
        """By the kind of its rows: how far it has got."""

    def handle(self, *args: Any, **options: Any) -> None:
        unread = 0
        forget_former_key()
        try:
            for model in filter(encrypted_fields, apps.get_models()):
                done = self._rotated(model)
                unread += len(done.unread)
                self._tell(str(model._meta.verbose_name_plural), done)
        except KeyboardInterrupt:
            said = "Interrupted. What was written stays: run it again for the rest."
            raise CommandError(said, returncode=INTERRUPTED) from None
        finally:
            what = "all that is encrypted"
            announce(Change("secrets", "", "rotated", "", what, after=self._counts))
        self._tell_of_keys()
        if unread:
            raise CommandError(
                f"{unread} cannot be read. Add the key that they were written with to"
                " FIELD_ENCRYPTION_KEYS, last, or give anew what they hold.",
                returncode=1,
            )

    def _tell_of_keys(self) -> None:
        """Digests cannot be written anew here: who sends a key is the only one who has it."""
        for said in what_hangs_on_older_secrets()[:NAMED_MAX]:
            self.stderr.write(said)

    def _rotated(self, model: type[models.Model]) -> Rotation:
        what, told_at = str(model._meta.verbose_name_plural), time.monotonic()
        total = model._default_manager.count()

        def tell(done: Rotation) -> None:
            nonlocal told_at
            self._counts[what] = done.counts
            now = time.monotonic()
            if done.rows < total and (self.stdout.isatty() or now - told_at >= TOLD_SECONDS):
                told_at = now
                so_far = f"{done.rows:,} of {total:,} so far, {done.written:,} written anew"
                self.stdout.write(f"{what}: {so_far}")
                self.stdout.flush()

        return rotate_drains(tell) if model is Drain else rotate_fields(model, tell)

    def _tell(self, what: str, done: Rotation) -> None:
        self.stdout.write(f"{what}: {done.rows}, {done.written} written anew")
        for said in (done.unread, done.twins):
            for line in said[:NAMED_MAX]:
                self.stderr.write(line)
            if len(said) > NAMED_MAX:
                self.stderr.write(f"and {len(said) - NAMED_MAX} more")

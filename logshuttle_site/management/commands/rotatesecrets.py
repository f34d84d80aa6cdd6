"""`manage.py rotatesecrets`: what is encrypted, under the newest key; then older ones can go."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError

from drains.models import Drain
from drains.rotation import (
    Rotation,
    encrypted_fields,
    forget_former_key,
    rotate_drains,
    rotate_fields,
)
from events.changes import Change, announce
from logshuttle_site.access.services import under_older_secrets

NAMED_MAX = 100


class Command(BaseCommand):
    help = (
        "Encrypt all secrets in the database under the newest key. Run it when all processes have"
        " that key first; once it writes nothing any more, take the older ones away."
    )
    requires_system_checks = ["logshuttle"]

    def handle(self, *args: Any, **options: Any) -> None:
        unread, counts = 0, {}
        forget_former_key()
        for model in filter(encrypted_fields, apps.get_models()):
            done = rotate_drains() if model is Drain else rotate_fields(model)
            unread += len(done.unread)
            name = str(model._meta.verbose_name_plural)
            self._tell(name, done)
            counts[name] = {"rows": done.rows, "written": done.written, "unread": len(done.unread)}
        self._tell_of_keys()
        announce(Change("secrets", "", "rotated", "", "all that is encrypted", after=counts))
        if unread:
            raise CommandError(
                f"{unread} cannot be read. Add the key that they were written with to"
                " FIELD_ENCRYPTION_KEYS, last, or give anew what they hold.",
                returncode=1,
            )

    def _tell_of_keys(self) -> None:
        """Digests cannot be written anew here: who sends a key is the only one who has it."""
        for key in under_older_secrets()[:NAMED_MAX]:
            self.stderr.write(
                f"key {key}: made under a SECRET_KEY of before, and good while that is in"
                " SECRET_KEY_FALLBACKS, or until it is used next: then it is written anew"
            )

    def _tell(self, what: str, done: Rotation) -> None:
        self.stdout.write(f"{what}: {done.rows}, {done.written} written anew")
        for said in (done.unread, done.twins):
            for line in said[:NAMED_MAX]:
                self.stderr.write(line)
            if len(said) > NAMED_MAX:
                self.stderr.write(f"and {len(said) - NAMED_MAX} more")

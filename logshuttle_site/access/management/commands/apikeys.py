"""`manage.py apikeys`: keys of the REST API, at a terminal and for scripts (`--json`)."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from drains.moments import rfc3339
from events.access import Scope
from logshuttle_site.access import services
from logshuttle_site.access.endings import NEVER, ending_of
from logshuttle_site.access.errors import AccessError, InvalidKeyError
from logshuttle_site.access.models import ApiKey

_ENDS = f"a span such as 90d or 12h, a date (its last day, UTC), or {NEVER}"


class Command(BaseCommand):
    help = "Makes, lists, replaces and revokes keys of the REST API."
    requires_system_checks = ["logshuttle"]

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        made = _action(actions, "create", "a new key, which is shown this once")
        _ask_for_new(made)
        listed = _action(actions, "list", "keys that are alive, the newest first")
        listed.add_argument("--all", action="store_true", help="those that are over, too")
        rotated = _action(actions, "rotate", "a new key with the scopes, reach and life of another")
        rotated.add_argument("prefix", metavar="PREFIX")
        for action in (made, rotated):
            action.add_argument(
                "--beside",
                default="7d",
                metavar="SPAN",
                help="how long the old key goes on beside the new one (7d)",
            )
        revoked = _action(actions, "revoke", "nobody gets in with them any more, within seconds")
        revoked.add_argument("prefixes", nargs="+", metavar="PREFIX")

    def handle(self, *args: Any, **options: Any) -> None:
        self._json: bool = options["json"]
        try:
            match options["action"]:
                case "create":
                    self._show_made(*_created(options))
                case "rotate":
                    beside, old = _span(options["beside"]), services.key_with(options["prefix"])
                    self._show_made(*services.rotate_key(old, beside=beside))
                case "list":
                    found = ApiKey.objects.select_related("replaces")
                    self._list(list(found if options["all"] else found.alive(timezone.now())))
                case "revoke":
                    self._revoke(options["prefixes"])
        except InvalidKeyError as error:
            raise CommandError(_said(error)) from None
        except (AccessError, ValueError) as error:
            raise CommandError(str(error)) from None

    def _show_made(self, text: str, key: ApiKey) -> None:
        if self._json:
            self.stdout.write(json.dumps({"key": text, **_json_of(key)}, indent=2))
            return
        self.stdout.write(f"The key of {key.name}, shown this once:\n\n  {text}\n")
        for word, said in _facts(key):
            self.stdout.write(f"  {word:8}  {said}")
        if key.replaces and key.replaces.expires_at:
            self.stdout.write(f"\n{key.replaces} ends {_time(key.replaces.expires_at)}.")

    def _list(self, keys: list[ApiKey]) -> None:
        if self._json:
            self.stdout.write(json.dumps([_json_of(key) for key in keys], indent=2))
            return
        for line in _table(keys):
            self.stdout.write(line)

    def _revoke(self, prefixes: list[str]) -> None:
        """All of them are there before anything is done to one."""
        keys = [services.key_with(prefix) for prefix in prefixes]
        done = [services.revoke_key(key) for key in keys]
        if self._json:
            self.stdout.write(json.dumps([_json_of(key) for key in keys], indent=2))
            return
        for key, is_new in zip(keys, done, strict=True):
            self.stdout.write(f"{key} {'is revoked' if is_new else 'was revoked before'}.")


def _action(actions: Any, name: str, said: str) -> ArgumentParser:
    made: ArgumentParser = actions.add_parser(name, help=said, description=said)
    made.add_argument("--json", action="store_true", help="for programs")
    return made


def _ask_for_new(made: ArgumentParser) -> None:
    made.add_argument("name", metavar="NAME", help="whose it is, and what for")
    made.add_argument(
        "--scope",
        dest="scopes",
        action="append",
        required=True,
        choices=[scope.value for scope in Scope],
        help="what it may; may be given again",
    )
    made.add_argument(
        "--reach",
        action="append",
        default=[],
        metavar="ENTRY",
        help="app:shop-demo, space:demo, site:www.example.com, each with a * at the end of a"
        " name for all that begin so; * for everything; may be given again",
    )
    made.add_argument("--expires", default="365d", metavar="WHEN", help=f"{_ENDS} (365d)")
    made.add_argument("--replaces", metavar="PREFIX", help="a key that ends after --beside")


def _created(options: dict[str, Any]) -> tuple[str, ApiKey]:
    old = services.key_with(options["replaces"]) if options["replaces"] else None
    return services.create_key(
        options["name"],
        scopes=options["scopes"],
        reach=options["reach"],
        expires_at=ending_of(options["expires"], timezone.now()),
        replaces=old,
        **({"beside": _span(options["beside"])} if old else {}),
    )


def _span(text: str) -> Any:
    """Raises ValueError."""
    now = timezone.now()
    ends = ending_of(text, now)
    if ends is None:
        raise ValueError("--beside: two keys are for a change: say when the old one ends")
    return ends - now


def _said(error: InvalidKeyError) -> str:
    """By the names of the options."""
    names = {"scopes": "--scope", "reach": "--reach", "replaces": "the key that is replaced"}
    return "; ".join(f"{names.get(field, field)}: {why}" for field, why in error.faults.items())


def _json_of(key: ApiKey) -> dict[str, Any]:
    moments = ("created_at", "expires_at", "revoked_at", "last_used_at")
    return {
        "prefix": key.prefix,
        "name": key.name,
        "state": key.state,
        "scopes": key.scopes,
        "reach": key.reach,
        "replaces": key.replaces.prefix if key.replaces else None,
        **{name: _moment(getattr(key, name)) for name in moments},
    }


def _moment(at: datetime | None) -> str | None:
    return rfc3339(at) if at else None


def _time(at: datetime | None, otherwise: str = "never") -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else otherwise


def _facts(key: ApiKey) -> Iterator[tuple[str, str]]:
    yield "may", ", ".join(key.scopes)
    yield "reaches", key.reaches
    yield "ends", _time(key.expires_at)


def _table(keys: list[ApiKey]) -> Iterator[str]:
    rows = [("PREFIX", "NAME", "STATE", "ENDS", "LAST USED", "MAY", "REACHES"), *map(_row, keys)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _row(key: ApiKey) -> tuple[str, ...]:
    ends, used = _time(key.expires_at), _time(key.last_used_at)
    return key.prefix, key.name, key.state, ends, used, ",".join(key.scopes), key.reaches

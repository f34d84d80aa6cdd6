"""`manage.py drains`: for operators at a terminal, and for their scripts (`--json`)."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from drains import services
from drains.errors import DrainError, InvalidDrainError, UnknownDrainError
from drains.models import Drain
from drains.options.table import OPTIONS
from drains.searching import KNOWN, drains_like
from drains.serializers import drain_json
from drains.status import status_of
from drains.trials import try_out
from events.members import unknown_members
from events.owners import owner_named


class Command(BaseCommand):
    help = "Lists, adds, tests, pauses, resumes, retries and deletes drains."
    requires_system_checks = ["logshuttle"]

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        listed = _action(actions, "list", "worst off first")
        for name in KNOWN:
            listed.add_argument(f"--{name}", metavar=name.upper())
        added = _action(actions, "add", "a drain of OWNER: app-space, or site:www.example.com")
        added.add_argument("owner", metavar="OWNER")
        added.add_argument("url", metavar="URL")
        added.add_argument("--name", default="", metavar="TEXT")
        added.add_argument("--paused", action="store_true", help="keeps its place, is sent nothing")
        added.add_argument(
            "--option",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="framing=octet, max_lag_seconds=60, …: text, or JSON; may be given again",
        )
        for name, said in (
            ("test", "sends a test line, and says what happened at each step"),
            ("pause", "keeps the place, sends nothing"),
            ("resume", "sends what was missed"),
            ("retry", "dials the receiver at once"),
            ("delete", "for good"),
        ):
            _action(actions, name, said).add_argument("ids", nargs="+", metavar="ID")

    def handle(self, *args: Any, **options: Any) -> None:
        self._json: bool = options["json"]
        try:
            match options["action"]:
                case "list":
                    self._list({name: options[name] for name in KNOWN if options[name] is not None})
                case "add":
                    self._show([_added(options)])
                case "test":
                    self._test(list(_drains(options["ids"])))
                case "delete":
                    drains = list(_drains(options["ids"]))
                    self._show(drains)  # as they were
                    self._do("delete", drains)
                case action:
                    drains = list(_drains(options["ids"]))
                    self._do(action, drains)
                    self._show(drains)
        except InvalidDrainError as error:
            raise CommandError(
                "; ".join(f"{field}: {why}" for field, why in error.faults)
            ) from None
        except (DrainError, ValueError) as error:
            raise CommandError(str(error)) from None

    def _list(self, wanted: dict[str, str]) -> None:
        self._show(list(drains_like(wanted)))

    def _show(self, drains: list[Drain]) -> None:
        if self._json:
            found = [
                {"owner": drain.owner_name, **drain_json(drain, shows_secrets=True)}
                for drain in drains
            ]
            self.stdout.write(json.dumps(found, indent=2))
            return
        for line in _table(drains):
            self.stdout.write(line)

    def _do(self, action: str, drains: list[Drain]) -> None:
        for drain in drains:
            try:
                _DOES[action](drain)
            except UnknownDrainError:
                raise CommandError(f"drain {drain.pk} has just been deleted") from None

    def _test(self, drains: list[Drain]) -> None:
        """Raises CommandError when any has failed."""
        results = [(drain, *try_out(drain)) for drain in drains]
        if self._json:
            found = [
                {"id": str(drain.pk), "ok": ok, "steps": [asdict(step) for step in steps]}
                for drain, ok, steps in results
            ]
            self.stdout.write(json.dumps(found, indent=2))
        else:
            for drain, _, steps in results:
                self.stdout.write(f"{drain.pk}  {drain.owner_name} → {drain.address}")
                for step in steps:
                    sign = "✓" if step.ok else "✗"
                    self.stdout.write(f"  {sign} {step.step:8}{step.ms:6} ms  {step.detail}")
        failed = sum(not ok for _, ok, _ in results)
        if failed:
            raise CommandError(f"{failed} of {len(results)} got no test line", returncode=1)


def _action(actions: Any, name: str, said: str) -> ArgumentParser:
    made: ArgumentParser = actions.add_parser(name, help=said, description=said)
    made.add_argument("--json", action="store_true", help="as the REST API shows it")
    return made


def _drains(ids: Iterable[str]) -> Iterator[Drain]:
    """All of them are there before anything is done to one."""
    found = [(text, Drain.objects.with_id(text)) for text in ids]
    for text, drain in found:
        if drain is None:
            raise CommandError(f"there is no drain {text}")
    yield from (drain for _, drain in found if drain is not None)


def _added(options: dict[str, Any]) -> Drain:
    owner = owner_named(options["owner"], needs_space=True)
    changes = dict(map(_option, options["option"]))
    for name, why in unknown_members(changes, OPTIONS).items():
        raise CommandError(f"--option {name}: {why}")
    return services.create_drain(
        owner, options["url"], name=options["name"], paused=options["paused"], **changes
    )


def _option(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise CommandError(f"--option {text}: NAME=VALUE is wanted")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


_DOES: dict[str, Callable[[Drain], object]] = {
    "pause": lambda drain: services.change_drain(drain, paused=True),
    "resume": lambda drain: services.change_drain(drain, paused=False),
    "retry": services.try_now,
    "delete": services.delete_drain,
}


def _table(drains: list[Drain]) -> Iterator[str]:
    rows = [("ID", "OWNER", "STATE", "BEHIND", "RECEIVER", "WHY"), *map(_row, drains)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _row(drain: Drain) -> tuple[str, ...]:
    status = status_of(drain)
    why = status.last_error if status.state == "failing" else ""
    behind = f"{status.lag_messages:,}"
    return str(drain.pk), drain.owner_name, status.state, behind, drain.address, why or ""

"""`logshuttle COMMAND`: our commands with a line on each, and Django's behind them."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from django.core.management.base import BaseCommand

_MANAGE = Path(__file__).parents[1] / "manage.py"

COMMANDS = {
    "rundemo": "all of it on this machine, with sample traffic, to look around",
    "runweb": "REST API, tails and the operators' pages",
    "runshuttle": "the worker: lines from Kafka to drains",
    "runals": "takes Envoy's and Istio's access logs to Kafka",
    "tail": "an app's lines in this terminal, as they come",
    "drains": "lists, adds, tests, pauses, resumes, retries and deletes drains",
    "apikeys": "makes, lists, replaces and revokes keys of the REST API",
    "doctor": "what is well, what is not, and what to do about it",
    "rotatesecrets": "encrypts all secrets anew, under the newest key",
    "devkafka": "a real Kafka on this machine, for development",
}
DJANGOS = {
    "migrate": "makes the database's tables, or brings them up to date",
    "createsuperuser": "makes a user of the operators' pages",
    "changepassword": "gives such a user another password",
    "help": "all of Django's commands too",
}
_SAID_BY_DJANGO = (
    *("--version", "--verbosity", "-v", "--settings", "--pythonpath"),
    *("--no-color", "--force-color", "--skip-checks", "--traceback"),
)
"""Options that each of its commands has; they are taken, and not told with each."""


def main() -> int:
    if sys.argv[1:2] in ([], ["-h"], ["--help"]):
        print(overview())
        return 0
    BaseCommand.suppressed_base_arguments = {*_SAID_BY_DJANGO}
    sys.argv[0] = str(_MANAGE)  # as settings know it: some commands need few of them
    status: int = importlib.import_module("manage").main()
    return status


def overview() -> str:
    rows = [f"  {name:16}{what}" for name, what in COMMANDS.items()]
    others = [f"  {name:16}{what}" for name, what in DJANGOS.items()]
    head = "Usage: logshuttle COMMAND [options]; logshuttle COMMAND --help says what it takes"
    return "\n".join([head, "", *rows, "", "Django's, of which there are more:", *others])

#!/usr/bin/env python
"""Django's command line. `manage.py help` lists the commands."""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import nullcontext

from django.core.management import execute_from_command_line

from events.acting import acting_as
from events.process.queued_stderr import queue_stderr
from logshuttle_site.audit.command import command_actor
from logshuttle_site.env import SettingsError

SERVERS = ("runweb", "runshuttle", "runals", "rundemo")
"""None of these may ever wait for whoever reads its log. What they do by themselves the system
does."""


def main() -> int:
    if sys.argv[1:2] == ["tail"]:  # wants a key and a URL, none of the settings
        return int(importlib.import_module("logshuttle_site.terminal.tail").main(sys.argv[2:]))
    serves = sys.argv[1:2] and sys.argv[1] in SERVERS
    if serves:
        queue_stderr()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "logshuttle_site.settings")
    try:
        with nullcontext() if serves else acting_as(command_actor(sys.argv[1:])):
            execute_from_command_line(sys.argv)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

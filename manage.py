#!/usr/bin/env python
"""Django's command line. `manage.py help` lists the commands."""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import nullcontext

from django.core.management import execute_from_command_line

from events.acting import acting_as
from events.database_faults import fault_of, said_by
from events.process.crash_traces import trace_crashes
from events.process.queued_stderr import queue_stderr
from logshuttle_site.audit.command import command_actor
from logshuttle_site.command_line import SERVERS, command_of
from logshuttle_site.env import SettingsError
from logshuttle_site.json_stderr import is_json_wanted, speak_json
from logshuttle_site.refused_settings import say_what_is_refused


def main() -> int:
    serves = command_of(sys.argv) in SERVERS  # what these do by themselves the system does
    if serves:
        queue_stderr()
    trace_crashes()
    if is_json_wanted(os.environ):
        speak_json()
    if sys.argv[1:2] == ["tail"]:  # wants a key and a URL, none of the settings
        return int(importlib.import_module("logshuttle_site.terminal.tail").main(sys.argv[2:]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "logshuttle_site.settings")
    try:
        with nullcontext() if serves else acting_as(command_actor(sys.argv[1:])):
            execute_from_command_line(sys.argv)
    except SettingsError as error:
        return say_what_is_refused(error, sys.argv)
    except Exception as error:
        fault = fault_of(error)
        if fault is None or "--traceback" in sys.argv:
            raise
        print(f"The database {fault.value}: {said_by(error)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""LOG_FORMAT=json from the first to the last breath: whatever is written to stderr is JSON, one
object a line. What our log writes is that already; all else (a command's errors, bad settings,
what libraries print) becomes an object, and so do tracebacks and warnings."""

from __future__ import annotations

import atexit
import io
import json
import logging
import os
import re
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

from logshuttle_site.logs import without_session_ids

logger = logging.getLogger(__name__)

_FAILED = re.compile(
    r"(CommandError|SystemCheckError|Traceback|These settings|The database |usage:|Unknown command"
    r"|logshuttle tail: |.*: error: )"
)


class JsonLines(io.TextIOBase):
    """What is written to it goes on to `out`, as lines of JSON. Text that ends with a line break
    is whole, and becomes one object, of however many lines."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self.forget()

    def forget(self) -> None:
        """Begin anew, as in a child that was forked: what is begun its parent ends."""
        self._begun = ""
        self._turn = threading.RLock()  # a signal's handler may write while we do

    @property
    def buffer(self) -> Any:
        """For children, who speak for themselves."""
        return self._out.buffer

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._out.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        return self._out.errors

    def fileno(self) -> int:
        return self._out.fileno()

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        with self._turn:
            self._begun += text
            if self._begun.endswith("\n"):
                self._end_line()
        return len(text)

    def flush(self) -> None:
        self._out.flush()

    def finish(self) -> None:
        """No more comes."""
        with self._turn:
            if self._begun:
                self._end_line()
            self._out.flush()

    def _end_line(self) -> None:
        whole, self._begun = self._begun, ""
        if not _is_json(whole):
            said = whole.strip("\n")
            whole = f"{_as_object(said)}\n" if said.strip() else ""
        self._out.write(whole)


def _is_json(text: str) -> bool:
    """One object a line, as our log writes them."""
    try:
        return all(isinstance(json.loads(line), dict) for line in text.rstrip("\n").split("\n"))
    except ValueError:
        return False


def _as_object(said: str) -> str:
    event = {
        "event": said,
        "level": "error" if _FAILED.match(said) else "warning",
        "logger": "stderr",
        "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
    }
    return without_session_ids(None, "", json.dumps(event))


def is_json_wanted(environ: Mapping[str, str]) -> bool:
    """Before settings are read: what is wrong with them is said as JSON too."""
    return environ.get("LOG_FORMAT", "").strip().lower() == "json"


def speak_json() -> None:
    """From now on all that this process writes to `sys.stderr` is JSON."""
    if sys.stderr is None:
        return
    lines = JsonLines(sys.stderr)
    sys.stderr = lines
    atexit.register(lines.finish)
    os.register_at_fork(after_in_child=lines.forget)
    sys.excepthook = _tell_the_end
    threading.excepthook = _tell_of_thread
    sys.unraisablehook = _tell_unraisable


def _tell_the_end(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    logger.critical("This process ends: %s", kind.__name__, exc_info=(kind, error, trace))


def _tell_of_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and args.exc_type is not SystemExit:
        name = args.thread.name if args.thread else "?"
        trace = (args.exc_type, args.exc_value, args.exc_traceback)
        logger.error("A thread has ended: %s", name, exc_info=trace)


def _tell_unraisable(args: sys.UnraisableHookArgs) -> None:
    error = args.exc_value or args.exc_type()
    logger.error(
        "%s: %r",
        args.err_msg or "An exception that nobody could be told of",
        args.object,
        exc_info=(args.exc_type, error, args.exc_traceback),
    )

"""What a person sees while something takes a moment: a spinner on a terminal, lines elsewhere."""

from __future__ import annotations

import importlib
from types import TracebackType
from typing import Any, Self, TextIO


class Progress:
    """`say` replaces what was said before on a terminal with rich installed, else adds a line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._status = _spinner(stream)

    def say(self, text: str) -> None:
        if self._status is None:
            self._line(text)
        else:
            self._status.update(text)

    def done(self, text: str) -> None:
        """The last word: stays on the screen."""
        self._stop()
        self._line(text)

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _line(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()

    def _stop(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


def _spinner(stream: TextIO) -> Any | None:
    if not stream.isatty():
        return None
    try:
        console = importlib.import_module("rich.console").Console(file=stream)
    except ImportError:  # rich is for development; a server does without
        return None
    return console.status("")

"""A program of the benchmark's own that answers questions, one line of JSON each."""

from __future__ import annotations

import json
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

END_SECONDS = 10.0


class Program:
    """Ends when its questions do, so with us, whatever happens to us."""

    def __init__(self, module: str, **orders: Any) -> None:
        self._module, pipe = module, subprocess.PIPE
        command = [sys.executable, "-m", module, json.dumps(orders)]
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def ask(self, what: str, **more: Any) -> Any:
        """Raises RuntimeError when it has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"what": what, **more}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self._module} has ended")
        return json.loads(answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def answer_one(server: Any) -> bool:
    """Reads one question and has the method of its name answer it. False: there are no more.

    Whoever asks waits for each answer, so that nothing else lies in the buffer.
    """
    line = sys.stdin.buffer.readline()
    if not line:
        return False
    question: dict[str, Any] = json.loads(line)
    print(json.dumps(getattr(server, question.pop("what"))(**question)), flush=True)
    return True

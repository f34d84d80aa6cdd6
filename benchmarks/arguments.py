"""What the benchmarks' command lines share."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Protocol, TypeVar


class Named(Protocol):
    @property
    def name(self) -> str: ...


NamedT = TypeVar("NamedT", bound=Named)


def parser_of(module: str, description: str | None) -> argparse.ArgumentParser:
    """Shows defaults."""
    return argparse.ArgumentParser(
        prog=f"python -m {module}",
        description=description,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def chosen(scenarios: Iterable[NamedT], only: str) -> list[NamedT]:
    """Those whose name contains this. Ends the program where there is none."""
    every = list(scenarios)
    if found := [scenario for scenario in every if only in scenario.name]:
        return found
    names = "\n  ".join(scenario.name for scenario in every)
    raise SystemExit(f"No scenario's name contains {only!r}. There are:\n  {names}")

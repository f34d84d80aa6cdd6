"""A start as far as settings go, in this process: what they become, or what is said of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any
from unittest.mock import patch

from logshuttle_site.env import SettingsError
from tests.support.processes import ROOT

REQUIRED = {
    "AUTH_KEY": "key-of-the-tests",
    "KAFKA_HOSTS": "127.0.0.1:1",
    "SECRET_KEY": "secret-of-the-tests-and-of-no-other",
}
LINE_CHARACTERS_MAX = 420
_VALUES = ROOT / "tests" / "integration" / "settings" / "values"


def table(name: str) -> tuple[list[str], list[str]]:
    """Values of a kind of setting that are refused, and those that work; a line each."""
    text = (_VALUES / f"{name}.txt").read_text()
    refused, _, taken = text.removeprefix("== refused\n").partition("== taken\n")
    return refused.splitlines(), taken.splitlines()


def started(environ: Mapping[str, str], *argv: str) -> dict[str, Any]:
    """The settings of a start with this environment and the required ones. Raises SettingsError."""
    spec = spec_from_file_location("settings_of_a_test", ROOT / "logshuttle_site" / "settings.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    with (
        patch.dict(os.environ, {**REQUIRED, **environ}, clear=True),
        patch.object(sys, "argv", ["manage.py", *(argv or ("runweb",))]),
    ):
        spec.loader.exec_module(module)
    return vars(module)


def faults_of(environ: Mapping[str, str], *argv: str) -> list[str]:
    """What is said of this environment, a fault each; none: it starts."""
    try:
        started(environ, *argv)
    except SettingsError as error:
        return error.faults
    return []


def assert_refused(name: str, value: str, *, secret: str = "s3cr3t", **others: str) -> None:
    """With one fault, of one line, which names the setting and repeats no secret."""
    faults = faults_of({**others, name: value})
    assert len(faults) == 1, faults
    assert faults[0].startswith((f"{name}: ", "KAFKA_CONF_…: ")), faults
    assert "\n" not in faults[0]
    assert len(faults[0]) < LINE_CHARACTERS_MAX, faults
    assert secret not in faults[0]


def assert_each(values: Iterable[str], check: Callable[[str], None]) -> None:
    """All of a table are tried, and all that fail are told."""
    failed: dict[str, str] = {}
    for value in values:
        try:
            check(value)
        except Exception as error:  # noqa: BLE001 - whatever it is
            failed[value] = " ".join(str(error).split())[:300]
    assert not failed, "\n".join(f"{value!r}: {why}" for value, why in failed.items())

"""Typed readers of the environment. Faults are gathered, so that one message can list them all.

A secret `NAME` may come as `NAME_FILE`, the path of a file that holds it. No message repeats a
secret's value. An empty value counts as unset.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn, TypeVar

from logshuttle_site.env_kubernetes import services_in

_Value = TypeVar("_Value")

_YES = {"1", "true", "yes", "on"}
NO = frozenset({"0", "false", "no", "off"})

_SHOWN_CHARACTERS = 160
_USER = re.compile(r"([\w+.-]*://)?.*@", re.DOTALL)
_PARAMETER = re.compile(r"[A-Za-z_]{1,40}")


class SettingsError(Exception):
    """The environment is no configuration. Its text lists every fault."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        listed = (f"  {fault}" for fault in faults)
        super().__init__("\n".join(["These settings are wrong or missing:", *listed]))


class Env:
    """Reads the environment, and owns the faults that were found in it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._services = services_in(environ)
        self._told_services: set[str] = set()
        self._environ = environ
        self.faults: list[str] = []
        self.notes: list[str] = []
        """What works, and means something else than whoever set it may think."""
        self.names: dict[str, bool] = {}
        """Of what was asked for: whether it is a secret."""

    def seal(self) -> None:
        """Raises SettingsError when any reader has met a fault."""
        self._note_files_of_no_secret()
        self._note_near_misses()
        if self.faults:
            raise SettingsError(self.faults)

    def fault(self, name: str, what: str) -> None:
        self.faults.append(f"{name}: {what}")

    def note(self, name: str, what: str) -> None:
        self.notes.append(f"{name}: {what}")

    def text(self, name: str, default: str = "") -> str:
        self.names.setdefault(name, False)
        return self.given(name) or default

    def given(self, name: str) -> str:
        service = self._services.get(name)
        if service is None:
            return self._environ.get(name, "").strip()
        if service not in self._told_services:
            self._told_services.add(service)
            what = f"made by Kubernetes for the Service {service!r}, and counts as unset"
            self.note(name, f"{what} (enableServiceLinks: false in the pod spares it)")
        return ""

    def secret(self, name: str) -> str:
        """From `NAME`, else from the file that `NAME_FILE` names, without white space around."""
        self.names[name] = True
        path = self.given(f"{name}_FILE")
        if not path or self.given(name):
            return self.given(name)
        try:
            held = Path(path).read_text("utf-8-sig").strip()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            self.fault(f"{name}_FILE", f"{_shown_path(path)} cannot be read ({reason})")
            return ""
        if not held and not name.endswith("_FALLBACKS"):  # there may be none any more
            self.fault(f"{name}_FILE", f"{_shown_path(path)} is empty")
        return held

    def secrets(self, name: str) -> list[str]:
        """A secret that is a comma-separated list."""
        return [word.strip() for word in self.secret(name).split(",") if word.strip()]

    def required(self, name: str, value: str, what: str) -> str:
        """Note a fault when `value`, which came from `name`, is empty."""
        if not value and not any(f.startswith((f"{name}:", f"{name}_FILE:")) for f in self.faults):
            self.fault(name, f"required: {what}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        answer = self.maybe_flag(name)
        return default if answer is None else answer

    def maybe_flag(self, name: str) -> bool | None:
        """None where it is unset."""
        text = self.text(name).lower()
        if text and text not in _YES | NO:
            self.fault(name, f"must be true or false, not {quoted(text)}")
        return text in _YES if text else None

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        def read(text: str) -> int:
            number = int(text) if text.isascii() else low - 1
            return number if low <= number <= high else _refuse()

        return self._read(name, default, read, f"must be a whole number from {low} to {high}")

    def seconds(self, name: str, default: float, high: float) -> float:
        def read(text: str) -> float:
            number = float(text) if text.isascii() else -1.0
            return number if 0 <= number <= high else _refuse()

        return self._read(name, default, read, f"must be a number of seconds from 0 to {high:g}")

    def choice(
        self,
        name: str,
        default: str,
        choices: tuple[str, ...],
        other_words: Mapping[str, str] | None = None,
    ) -> str:
        """In any case. `other_words`: in small letters, and which choice they mean."""
        meant = {choice.lower(): choice for choice in choices} | dict(other_words or {})

        def read(text: str) -> str:
            return meant.get(text.lower()) or _refuse()

        return self._read(name, default, read, f"must be one of {', '.join(choices)}")

    def words(self, name: str) -> list[str]:
        """A comma-separated list."""
        return [word.strip() for word in self.text(name).split(",") if word.strip()]

    def networks(self, name: str) -> list[str]:
        for word in self.words(name):
            try:
                ipaddress.ip_network(word)
            except ValueError:
                self.fault(name, f"{quoted(word)} is not an address range like 10.0.0.0/8")
        return self.words(name)

    def ports(self, name: str) -> list[int]:
        found = []
        for word in self.words(name):
            if word.isascii() and word.isdigit() and 0 < int(word) < 65536:
                found.append(int(word))
            else:
                self.fault(name, f"{quoted(word)} is not a port from 1 to 65535")
        return found

    def prefixed(self, prefix: str) -> dict[str, str]:
        """What stands behind a prefix, by the whole name; `…_FILE` is read like a secret."""
        names = {name.removesuffix("_FILE") for name in self._environ if name.startswith(prefix)}
        found = {name: self.secret(name) for name in sorted(names - {prefix.rstrip("_"), prefix})}
        return {name: value for name, value in found.items() if value}

    def _note_files_of_no_secret(self) -> None:
        for name, is_secret in self.names.items():
            if not is_secret and self.given(f"{name}_FILE"):
                self.note(f"{name}_FILE", "does not count: only secrets are read from files")

    def _note_near_misses(self) -> None:
        """LOGLEVEL, KAFKA_HOST: what is meant is not set, so it is no other program's."""
        meant = {_letters_of(name): name for name in self.names if not self.given(name)}
        for name in self._environ.keys() - self.names.keys():
            other = meant.get(_letters_of(name))
            if other and not self.given(f"{other}_FILE"):
                self.note(name, f"is no setting; {other} is")

    def _read(self, name: str, default: _Value, read: Callable[[str], _Value], what: str) -> _Value:
        text = self.text(name)
        if not text:
            return default
        try:
            return read(text)
        except ValueError:
            self.fault(name, f"{what}, not {quoted(text)}")
            return default


def quoted(text: str) -> str:
    """For a message: on one line, not too long, and without whoever stands before an @."""
    shown = _USER.sub(r"\1***@", text, count=1)
    return repr(shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}…")


def _letters_of(name: str) -> str:
    return name.upper().replace("_", "").removesuffix("S")


def parameter_of(query: str, name: str) -> str:
    """A URL's parameter, for a message: what holds an @ may be the rest of a password."""
    return f"parameter {name!r}" if _PARAMETER.fullmatch(name) and "@" not in query else "parameter"


def _shown_path(text: str) -> str:
    """It may be the secret itself, where a path should stand."""
    return quoted(text) if text.startswith(("/", ".")) else "what stands there"


def _refuse() -> NoReturn:
    raise ValueError

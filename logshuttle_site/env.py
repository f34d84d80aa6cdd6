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

_Value = TypeVar("_Value")

_YES = {"1", "true", "yes", "on"}
_NO = {"0", "false", "no", "off"}


class SettingsError(Exception):
    """The environment is no configuration. Its text lists every fault."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(["These settings are wrong or missing:", *faults]))


class Env:
    """Reads the environment, and owns the faults that were found in it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.faults: list[str] = []
        self.names: dict[str, bool] = {}
        """Of what was asked for: whether it is a secret."""

    def seal(self) -> None:
        """Raises SettingsError when any reader has met a fault."""
        if self.faults:
            raise SettingsError([f"  {fault}" for fault in self.faults])

    def fault(self, name: str, what: str) -> None:
        self.faults.append(f"{name}: {what}")

    def text(self, name: str, default: str = "") -> str:
        self.names.setdefault(name, False)
        return self.given(name) or default

    def given(self, name: str) -> str:
        return self._environ.get(name, "").strip()

    def secret(self, name: str) -> str:
        """From `NAME`, else from the file that `NAME_FILE` names, without white space around."""
        self.names[name] = True
        path = self.given(f"{name}_FILE")
        if not path or self.given(name):
            return self.given(name)
        try:
            return Path(path).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            self.fault(f"{name}_FILE", f"{path} cannot be read ({reason})")
            return ""

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
        if text and text not in _YES | _NO:
            self.fault(name, f"must be true or false, not {text!r}")
        return text in _YES if text else None

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        def read(text: str) -> int:
            number = int(text) if text.isascii() else low - 1
            return number if low <= number <= high else _refuse()

        return self._read(name, default, read, f"must be a whole number from {low} to {high}")

    def seconds(self, name: str, default: float, high: float) -> float:
        def read(text: str) -> float:
            number = float(text)
            return number if 0 <= number <= high else _refuse()

        return self._read(name, default, read, f"must be a number of seconds from 0 to {high:g}")

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        def read(text: str) -> str:
            return text if text in choices else _refuse()

        return self._read(name, default, read, f"must be one of {', '.join(choices)}")

    def words(self, name: str) -> list[str]:
        """A comma-separated list."""
        return [word.strip() for word in self.text(name).split(",") if word.strip()]

    def web_url(self, name: str) -> str:
        return self.refuse_no_web_url(name, self.text(name))

    def refuse_no_web_url(self, name: str, url: str) -> str:
        """Note a fault when `url`, which came from `name`, is given and no http URL."""
        if url and not re.fullmatch(r"https?://[^\s/]+\S*", url):
            self.fault(name, f"{url!r} does not look like https://host")
        return url

    def networks(self, name: str) -> list[str]:
        for word in self.words(name):
            try:
                ipaddress.ip_network(word)
            except ValueError:
                self.fault(name, f"{word!r} is not an address range like 10.0.0.0/8")
        return self.words(name)

    def ports(self, name: str) -> list[int]:
        found = []
        for word in self.words(name):
            if word.isascii() and word.isdigit() and 0 < int(word) < 65536:
                found.append(int(word))
            else:
                self.fault(name, f"{word!r} is not a port from 1 to 65535")
        return found

    def prefixed(self, prefix: str) -> dict[str, str]:
        """What stands behind a prefix, by the rest of the name; `…_FILE` is read like a secret."""
        names = {name.removesuffix("_FILE") for name in self._environ if name.startswith(prefix)}
        found = {name.removeprefix(prefix): self.secret(name) for name in sorted(names)}
        return {name: value for name, value in found.items() if name and value}

    def _read(self, name: str, default: _Value, read: Callable[[str], _Value], what: str) -> _Value:
        text = self.text(name)
        if not text:
            return default
        try:
            return read(text)
        except ValueError:
            self.fault(name, f"{what}, not {text!r}")
            return default


def _refuse() -> NoReturn:
    raise ValueError

"""What a demo keeps from run to run: its keys and the operator's password."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

OPERATOR = "operator"


@dataclass(frozen=True)
class DemoKeys:
    auth_key: str
    secret_key: str
    password: str
    """Of the user `OPERATOR`."""


def demo_keys_in(folder: Path) -> DemoKeys:
    """The keys of the last run, or new ones, in a file that only its owner can read.

    Raises ValueError when the file is damaged.
    """
    path = folder / "keys.json"
    if path.exists():
        try:
            return DemoKeys(**json.loads(path.read_text()))
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path} is damaged ({error}); delete it to get new keys") from error
    made = DemoKeys(*(secrets.token_urlsafe(24) for _ in range(3)))
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(asdict(made), file, indent=1)
    return made


def say_address(folder: Path, url: str) -> None:
    """For `tail` in another terminal; an empty one when the demo ends."""
    (folder / "address").write_text(url)


def running_demo(folder: Path) -> tuple[str, str] | None:
    """URL and AUTH_KEY of the demo that runs there; None where none does."""
    try:
        url = (folder / "address").read_text()
        return (url, json.loads((folder / "keys.json").read_text())["auth_key"]) if url else None
    except (OSError, ValueError, LookupError, TypeError):
        return None

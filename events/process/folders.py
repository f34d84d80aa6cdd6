"""Folders that have to be writable: few do (a database in a file, a Kafka for development)."""

from __future__ import annotations

import os
from pathlib import Path


class FolderError(Exception):
    """Names the folder, says why not, and what says which it is: one line."""


def why_not_writable(folder: Path) -> str:
    """Empty: it is."""
    if not os.path.isdir(folder):
        return f"there is no folder {folder}"
    if not may(folder, os.W_OK | os.X_OK):
        return f"the folder {folder} is not writable for user {os.getuid()}"
    return ""


def may(path: Path, mode: int) -> bool:
    """As `os.access` has it, of the user and the capabilities that count."""
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def make_writable(folder: Path, setting: str) -> None:
    """`setting`: where people say which. Raises FolderError."""
    folder = folder.absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        why = why_not_writable(folder)
    except OSError as error:
        why = f"the folder {folder} cannot be made ({error.strerror})"
    if why:
        raise FolderError(f"{why}: choose another with {setting}")

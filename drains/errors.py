"""Why a drain cannot be made or changed.

DrainError
├── InvalidDrainError   fields are wrong; says which, and why
├── TwinDrainError      the app has a drain with this URL already
├── TooManyDrainsError  the app has as many as it may
├── UnknownDrainError   there is no such drain, or there is none any more
├── ChangedDrainError   it has been changed since somebody read it; says which members
├── PausedDrainError    it is paused, so it can be sent nothing
└── KafkaAwayError      what only Kafka knows cannot be told
"""

from __future__ import annotations

from collections.abc import Collection, Iterable


class DrainError(Exception):
    pass


class InvalidDrainError(DrainError):
    def __init__(self, field: str, why: str, *others: tuple[str, str]) -> None:
        super().__init__(why)
        self.field = field
        self.faults = [(field, why), *others]
        """All that is wrong: fields, and why each is."""

    @classmethod
    def of_all(cls, faults: Iterable[tuple[str, str]]) -> InvalidDrainError:
        """`faults`: one at least."""
        (field, why), *others = faults
        return cls(field, why, *others)


class TwinDrainError(DrainError):
    def __init__(self, twin_id: str) -> None:
        super().__init__(f"a drain with this URL exists already: {twin_id}")
        self.twin_id = twin_id


class TooManyDrainsError(DrainError):
    def __init__(self, limit: int) -> None:
        super().__init__(f"this app or site has {limit} drains already: more are not allowed")


class UnknownDrainError(DrainError):
    def __init__(self) -> None:
        super().__init__("No such log drain or app found")  # the original's words


class ChangedDrainError(DrainError):
    def __init__(self, members: Collection[str]) -> None:
        changed = f"changed since it was read: {', '.join(members)}"
        why = changed if members else "the tag in If-Match is none that this drain has"
        super().__init__(f"{why}. Read it again, and then change it")
        self.members = list(members)
        """Empty: nobody can tell."""


class PausedDrainError(DrainError):
    def __init__(self) -> None:
        super().__init__("the drain is paused: resume it, and it is sent all that it missed")


class KafkaAwayError(DrainError):
    def __init__(self) -> None:
        super().__init__("Kafka does not answer; try again soon")

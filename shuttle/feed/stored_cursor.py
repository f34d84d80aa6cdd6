"""A row of the database: from where a drain goes on in one partition."""

from __future__ import annotations

from typing import NamedTuple


class StoredCursor(NamedTuple):
    offset: int
    topic_id: str
    """Of the log that this is an offset of; empty when that is unknown."""
    resend_from: int | None = None
    """A window that is to be sent again begins here."""

    @property
    def place(self) -> int | None:
        """All below has been delivered, or is not the drain's. None: that is the group's to say."""
        return None if self.offset == self.resend_from else self.offset

    @property
    def first(self) -> int:
        """The first offset that is to be sent."""
        return self.offset if self.resend_from is None else min(self.offset, self.resend_from)

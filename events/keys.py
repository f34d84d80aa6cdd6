"""Who a line belongs to. Tuples, never joined text: `ab`+`c` is not `a`+`bc`."""

from __future__ import annotations

import re
from typing import NamedTuple

DEFAULT_SPACE = "default"

# A space is a Kafka topic, so its alphabet is Kafka's own, in lower case.
LEGAL_SPACE = re.compile(r"[a-z0-9][a-z0-9._-]{0,248}", re.ASCII)


class AppKey(NamedTuple):
    """An app in a space: `bar-foo` is deployment `bar` in namespace `foo`."""

    app: str
    space: str

    def __str__(self) -> str:
        return f"{self.app}-{self.space}"

    @classmethod
    def parse(cls, text: str) -> AppKey:
        """Read `app-space`, split at the first hyphen; without one the space is `default`.

        Raises ValueError when the app or the space is empty.
        """
        app, hyphen, space = text.partition("-")
        if not hyphen:
            space = DEFAULT_SPACE
        if not app or not space:
            raise ValueError(f"{text!r} does not name an app and a space (app-space)")
        return cls(app, space)


class SiteKey(NamedTuple):
    """A domain that router lines may belong to."""

    site: str

    def __str__(self) -> str:
        return self.site


Key = AppKey | SiteKey

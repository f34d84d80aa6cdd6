"""Who a line belongs to. Tuples, never joined text: `ab`+`c` is not `a`+`bc`."""

from __future__ import annotations

import re
from typing import NamedTuple

DEFAULT_SPACE = "default"

# A space is a Kafka topic, so its alphabet is Kafka's own, in lower case.
LEGAL_SPACE = re.compile(r"[a-z0-9][a-z0-9._-]{0,248}", re.ASCII)

_HOST_AND_PORT = re.compile(r"(\[[^]]*\]|[^:]*)(?::\d*)?", re.ASCII).fullmatch


def host_name(text: str) -> str:
    """The one spelling of a host's name: no capitals, no port and no final dot."""
    lower = text.lower()
    match = _HOST_AND_PORT(lower)
    return (match[1] if match else lower).removesuffix(".")


def app_and_process(name: str) -> tuple[str, str]:
    """`gold--worker` → app `gold`, process type `worker`; a plain name is `web`."""
    app, _, process = name.partition("--")
    return app, process or "web"


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
    """A domain that router lines may belong to, as `host_name` spells it."""

    site: str

    @classmethod
    def named(cls, text: str) -> SiteKey:
        """However its name is written: `WWW.Shop.example.` is `www.shop.example`."""
        return cls(host_name(text))

    def __str__(self) -> str:
        return self.site


Key = AppKey | SiteKey

"""What is secret in a drain's options was given for one receiver. Somebody who may not see it could
read it by giving the drain another one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from drains.destination import Destination
from drains.errors import InvalidDrainError
from drains.fields import UndecryptableError
from drains.models import Drain
from drains.option_values import TlsOptions
from drains.options.rules import Options
from drains.transports import SCHEMES

_WHY = "set for the receiver before, and not handed on to another: give it again, or take it away"


def refuse_to_hand_on(drain: Drain, to: Destination, wanted: Options) -> None:
    """`to`: where a new URL leads; `wanted`: options that are given beside it. Raises
    InvalidDrainError for secrets that would go along. A path of the same host and port is the same
    receiver."""
    if _is_another(drain, to) and (faults := list(_kept_secrets(drain, wanted))):
        raise InvalidDrainError.of_all((field, _WHY) for field in faults)


def _is_another(drain: Drain, to: Destination) -> bool:
    """So is the same one without TLS: anybody on the way reads it then."""
    known = SCHEMES.get(drain.scheme)
    loses_tls = known is not None and known.has_tls and not to.transport.has_tls
    return loses_tls or to.address != (drain.host, drain.port)


def _kept_secrets(drain: Drain, wanted: Options) -> Iterator[str]:
    if "headers" not in wanted and _option(drain, "headers"):
        yield "headers"
    tls: TlsOptions | None = _option(drain, "tls")
    if "key" not in wanted.get("tls", ()) and tls and tls.key:
        yield "tls.key"


def _option(drain: Drain, name: str) -> Any:
    """None where nobody can read it: the rules refuse that by themselves."""
    with suppress(UndecryptableError, ValueError):
        return drain.option(name)
    return None

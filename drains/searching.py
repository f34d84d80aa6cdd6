"""Drains of everybody, as operators look for them: by what is stored, worst off first."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import QuerySet

from drains.models import Drain
from drains.states import State, state_named
from drains.status import in_state
from drains.transports import SCHEMES

COLUMNS = ("app", "space", "site", "host", "scheme")
KNOWN = ("state", *COLUMNS)


def drains_like(wanted: Mapping[str, str]) -> QuerySet[Drain]:
    """`wanted`: texts of `KNOWN`, those that are to be looked for. Raises ValueError, in a sentence
    for who asked."""
    for name, text in wanted.items():
        if not text.isprintable():
            raise ValueError(f"{name}: contains a control character")
    columns = {name: wanted[name] for name in COLUMNS if name in wanted}
    if "scheme" in columns:
        columns["scheme"] = _scheme(columns["scheme"])
    if "host" in columns:
        columns["host"] = columns["host"].lower()
    drains: QuerySet[Drain] = Drain.objects.filter(**columns).prefetch_related("statuses")
    if "state" in wanted:
        drains = in_state(drains, _state(wanted["state"]))
    return drains.order_by("severity", "state_since", "pk")


def _state(text: str) -> State:
    try:
        return state_named(text)
    except ValueError as error:
        raise ValueError(f"state: {error}") from None


def _scheme(text: str) -> str:
    """Of several names for one way, the one that drains are kept under."""
    if text not in SCHEMES:
        raise ValueError(f"scheme: {text!r} is none of {', '.join(SCHEMES)}")
    return SCHEMES[text].scheme

"""Drains of everybody, as operators look for them: by what is stored, worst off first."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.db.models import Case, CharField, Q, QuerySet, Value, When
from django.db.models.functions import Concat

from drains.models import Drain
from drains.states import State, state_named
from drains.status import in_state
from drains.transports import SCHEMES

_BEGINS_ID = re.compile(r"[0-9a-f]{8}[0-9a-f-]{0,28}", re.ASCII | re.IGNORECASE)
"""A shorter one would be in too many."""
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
    drains: QuerySet[Drain] = Drain.objects.filter(**columns)
    if "state" in wanted:
        drains = in_state(drains, _state(wanted["state"]))
    return drains.order_by("severity", "state_since", "pk")


def found_by(drains: QuerySet[Drain], text: str) -> QuerySet[Drain]:
    """Of which each word is in the owner as people write it, the name, the address, or begins the
    id."""
    owner = Case(
        When(site="", then=Concat("app", Value("-"), "space")),
        default=Concat(Value("site:"), "site"),
        output_field=CharField(),
    )
    drains = drains.annotate(owner_text=owner)
    for word in text.split():
        told = Q(owner_text__icontains=word) | Q(name__icontains=word) | Q(address__icontains=word)
        if _BEGINS_ID.fullmatch(word):
            told |= Q(id__startswith=word.lower())
        drains = drains.filter(told)
    return drains


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

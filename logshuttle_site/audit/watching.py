"""Rows that others' code writes, the admin's or a command's: Django's signals tell of them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from django.db.models import Model
from django.db.models.signals import post_save, pre_delete, pre_save

from events.changes import Change, Facts, announce, differing

FactsOf = Callable[[Any], Facts]


def watch(model: type[Model], kind: str, facts_of: FactsOf, *, own: Collection[str] = ()) -> None:
    """From now on each change of a row is announced. `own`: columns that are written by programs;
    where only such are saved, nobody has changed anything."""

    def before(instance: Model, update_fields: Collection[str] | None, **_: Any) -> None:
        told = None
        if not instance._state.adding and not (update_fields and {*update_fields} <= {*own}):
            stored = model._base_manager.filter(pk=instance.pk).first()
            told = stored and facts_of(stored)
        instance._told_before = told  # type: ignore[attr-defined]

    def after(instance: Model, created: bool, **_: Any) -> None:
        told: Facts | None = instance.__dict__.pop("_told_before", None)
        if created:
            say(instance, "made", {}, _set(facts_of(instance)))
        elif told is not None:
            was, is_now = differing(told, facts_of(instance))
            if was or is_now:
                say(instance, "changed", was, is_now)

    def gone(instance: Model, **_: Any) -> None:
        say(instance, "deleted", _set(facts_of(instance)), {})

    def say(instance: Model, what: str, was: dict[str, Any], is_now: dict[str, Any]) -> None:
        announce(Change(kind, str(instance.pk), what, "", str(instance), was, is_now))

    for signal, heard in ((pre_save, before), (post_save, after), (pre_delete, gone)):
        signal.connect(heard, sender=model, weak=False)


def _set(facts: Facts) -> dict[str, Any]:
    return {name: what for name, what in facts.told.items() if what not in ("", None)}

"""A drain's receiver, tried by a test line as `POST …/test` does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.db import DatabaseError, InterfaceError

from drains.errors import InvalidDrainError
from drains.models import Drain
from drains.trials import try_out
from logshuttle_site.doctor.findings import Finding, fail, first_line, ok


def receiver_of(drain_id: str) -> Callable[[], Iterator[Finding]]:
    def receiver() -> Iterator[Finding]:
        try:
            yield from _tried(drain_id)
        except (DatabaseError, InterfaceError) as error:
            yield fail(
                f"The drain cannot be looked up: {first_line(error)}",
                "See what is said of the database.",
            )

    return receiver


def _tried(drain_id: str) -> Iterator[Finding]:
    drain = Drain.objects.with_id(drain_id)
    if drain is None:
        yield fail(f"There is no drain {drain_id}.", "`manage.py drains list` names them.")
        return
    yield ok(f"{drain.owner_name} → {drain.address}")
    try:
        _, steps = try_out(drain)
    except InvalidDrainError as error:
        why = "; ".join(f"{field}: {why}" for field, why in error.faults)
        yield fail(f"Nobody can read it: {why}.", "Give anew what it holds.")
        return
    for step in steps:
        said = f"{step.step}, {step.ms} ms: {step.detail}"
        yield ok(said) if step.ok else fail(said, "See docs/receivers.md, or docs/drains.md.")

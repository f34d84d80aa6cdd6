"""Test lines to drains, which need not be saved, for whoever asks for them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from asgiref.sync import async_to_sync

from drains.delivery.network.dialing import Dialer
from drains.delivery.trial import Step, Trial
from drains.errors import InvalidDrainError
from drains.models import Drain
from drains.route_change import change_of
from drains.routes import Route
from drains.selectors import egress_policy, field_at_fault, route_of
from events.changes import Change, announce
from events.database_faults import fault_of
from events.database_trouble import troubles
from events.let_go import let_connections_go

logger = logging.getLogger(__name__)

Outcome = tuple[bool, list[Step]]
"""Whether it went well, and what happened at each step."""


def try_out(drain: Drain) -> Outcome:
    """Over a connection of its own. Raises InvalidDrainError for one that nobody can read."""
    if (route := route_of(drain)).fault:
        raise InvalidDrainError(field_at_fault(drain), route.fault)
    outcome = _asked([route])[0]
    _announce(_tested(drain, outcome))
    return outcome


def try_out_all(drains: Iterable[Drain]) -> list[Outcome]:
    """Several at a time, in their order. Of one that nobody can read that is its only step."""
    tested = list(drains)
    outcomes = _asked([route_of(drain) for drain in tested])
    _announce(*map(_tested, tested, outcomes))
    return outcomes


def _announce(*changes: Change) -> None:
    """Receivers have their lines by now, whether that can be written down: who were told to try
    again would send them another."""
    try:
        announce(*changes)
    except Exception as error:
        if (fault := fault_of(error)) is None:
            raise
        troubles.note(error, fault)
        for change in changes:
            logger.warning(
                "Not in the audit: a drain of %s to %s was tested",
                change.owner,
                change.about,
                extra={"action": "test_unrecorded"},
            )


def _tested(drain: Drain, outcome: Outcome) -> Change:
    """Without the receiver's words, which may repeat what it was sent."""
    ok, steps = outcome
    failed_at = {} if ok or not steps else {"failed_at": steps[-1].step}
    change = change_of(drain, "tested", after={"ok": ok, **failed_at})
    return change._replace(id="") if drain._state.adding else change


def _asked(routes: list[Route]) -> list[Outcome]:
    let_connections_go()
    return async_to_sync(_run)(routes)


async def _run(routes: list[Route]) -> list[Outcome]:
    dialer = Dialer(egress_policy())
    found = await asyncio.gather(*(_steps(dialer, route) for route in routes))
    return [(bool(steps) and steps[-1].step == "send" and steps[-1].ok, steps) for steps in found]


async def _steps(dialer: Dialer, route: Route) -> list[Step]:
    if route.fault:
        return [Step("resolve", False, 0, route.fault)]
    return await Trial(dialer, route).run()

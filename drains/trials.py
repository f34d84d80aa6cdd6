"""A test line to a drain, which need not be saved, for whoever asks for it."""

from __future__ import annotations

from asgiref.sync import async_to_sync

from drains.delivery.network.dialing import Dialer
from drains.delivery.trial import Step, Trial
from drains.errors import InvalidDrainError
from drains.models import Drain
from drains.selectors import egress_policy, field_at_fault, route_of


def try_out(drain: Drain) -> tuple[bool, list[Step]]:
    """Over a connection of its own: whether it went well, and what happened at each step. Raises
    InvalidDrainError for one that nobody can read."""
    if (route := route_of(drain)).fault:
        raise InvalidDrainError(field_at_fault(drain), route.fault)
    steps = async_to_sync(Trial(Dialer(egress_policy()), route).run)()
    return bool(steps) and steps[-1].step == "send" and steps[-1].ok, steps

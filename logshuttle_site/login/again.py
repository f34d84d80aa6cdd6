"""Who is logged in gives the password once more before what a session that was left open, or
stolen, must not do by itself."""

from __future__ import annotations

import math
from typing import Any

from events.limits import Limit
from logshuttle_site.login.guard import TURNS
from logshuttle_site.login.turns import BusyError

WRONG = Limit("password-again", 5, 15 * 60)
"""Of a user, from wherever."""


class WrongPasswordError(Exception):
    """Its text says it to who is asked."""


def ask_again(user: Any, password: str) -> None:
    """Raises WrongPasswordError. A hash is a third of a second: not inside of a transaction."""
    name = user.get_username()
    try:
        with TURNS.taken(name):  # asked for in there: those who came together would all be let in
            _ask(user, name, password)
    except BusyError as error:
        raise WrongPasswordError(f"Not looked at, as {error}: try again.") from error


def _ask(user: Any, name: str, password: str) -> None:
    if wait := WRONG.wait(name):
        minutes = math.ceil(wait / 60)
        raise WrongPasswordError(f"Wrong too often: try again in {minutes} min.")
    if not user.check_password(password):
        WRONG.spend(name)
        raise WrongPasswordError("This is not your password.")

"""Who is logged in gives the password once more before what a session that was left open, or
stolen, must not do by itself."""

from __future__ import annotations

import math
from typing import Any

from events.limits import Limit

WRONG = Limit("password-again", 5, 15 * 60)
"""Of a user, from wherever."""


class WrongPasswordError(Exception):
    """Its text says it to who is asked."""


def ask_again(user: Any, password: str) -> None:
    """Raises WrongPasswordError. A hash is a third of a second: not inside of a transaction."""
    name = user.get_username()
    if wait := WRONG.wait(name):
        minutes = math.ceil(wait / 60)
        raise WrongPasswordError(f"Wrong too often: try again in {minutes} min.")
    if not user.check_password(password):
        WRONG.spend(name)
        raise WrongPasswordError("This is not your password.")

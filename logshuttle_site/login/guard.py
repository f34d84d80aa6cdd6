"""Who may try a password, and how often.

Guesses at one user from one peer are django-axes' to count, in the database: they hold in all
processes and after a restart. What a peer may guess in all, and what may be guessed at one user
from everywhere, is counted beside it. None of this holds in a browser where the user has logged in
before: there its own count does. Refusals cost neither a hash nor a connection to the database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.forms import UsernameField
from django.contrib.auth.models import User
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import SimpleTemplateResponse
from django.utils import timezone

from events.addresses import address_of, peer_of
from events.let_go import let_connections_go
from events.limits import Limit
from logshuttle_site.errors import RefusalsAtTimes
from logshuttle_site.login import known
from logshuttle_site.login.page import busy_page, locked_page
from logshuttle_site.login.turns import BusyError, Turns

WINDOW_SECONDS = 15 * 60
OF_A_PEER = Limit("login-peer", 20, WINDOW_SECONDS)
OF_A_USER = Limit("login-user", 20, WINDOW_SECONDS)
OF_A_BROWSER = Limit("login-browser", 10, WINDOW_SECONDS)

refused: Counter[str] = Counter()
"""Log-ins, by reason."""

_USER_FIELD = UsernameField(max_length=User._meta.get_field("username").max_length)
"""As the form has it: letters that Django takes for the same (NFKC) are the same user."""

TURNS = Turns()
_refusals = RefusalsAtTimes()

Counts = list[tuple[Limit, str]]


def guarded(request: HttpRequest, login: Callable[[], HttpResponse]) -> HttpResponse:
    """What `login` answers to a POST, or a page that says why not and when to try again."""
    user: str = _USER_FIELD.to_python(request.POST.get("username", "")) or ""
    peer = peer_of(request.META.get("REMOTE_ADDR", ""))
    browser = known.browser_of(request, user)
    counts = [(OF_A_BROWSER, browser)] if browser else [(OF_A_PEER, peer), (OF_A_USER, user)]
    if wait := max(limit.wait(whose) for limit, whose in counts):
        return _locked(request, peer, wait)
    try:
        with TURNS.taken(browser or peer, is_known=bool(browser)):
            return _looked_at(request, peer, login, counts)
    except BusyError as error:
        refused[error.reason] += 1
        _refusals.say(request, 429, f"{error} ({peer})")
        return busy_page(request, str(error))


def _looked_at(
    request: HttpRequest, peer: str, login: Callable[[], HttpResponse], counts: Counts
) -> HttpResponse:
    try:
        answer = login()
        if isinstance(answer, HttpResponseRedirect):
            known.remember(answer, request.user.get_username())
            return answer
        if getattr(request, "axes_locked_out", False):
            return _locked(request, peer, _seconds_locked(request))
        for limit, whose in counts:
            limit.spend(whose)
        # While it is this one's turn: a page may ask the database whose session this is.
        return answer.render() if isinstance(answer, SimpleTemplateResponse) else answer
    finally:
        let_connections_go()


def _seconds_locked(request: Any) -> float:
    tries = AccessAttempt.objects.filter(
        username=request.axes_credentials["username"], ip_address=request.axes_ip_address
    )
    last = tries.aggregate(last=Max("attempt_time"))["last"] or timezone.now()
    left: float = (last + settings.AXES_COOLOFF_TIME - timezone.now()).total_seconds()
    return max(left, 1.0)


def address_counted(request: HttpRequest) -> str | None:
    """AXES_CLIENT_IP_CALLABLE: an address that stands for the peer, in a column for addresses."""
    address = address_of(peer_of(request.META.get("REMOTE_ADDR", "")).removesuffix("/64"))
    return str(address) if address else None


def _locked(request: HttpRequest, peer: str, wait: float) -> HttpResponse:
    refused["wrong_passwords"] += 1
    _refusals.say(request, 429, f"too many wrong passwords ({peer})")
    return locked_page(request, wait)

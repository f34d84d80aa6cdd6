"""What is shown in place of a log-in that was not looked at."""

from __future__ import annotations

import math
from datetime import timedelta

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

BUSY_SECONDS = 5


def locked_page(request: HttpRequest, wait: float) -> HttpResponse:
    """429. `wait`: seconds until a password is looked at again."""
    until = timezone.now() + timedelta(seconds=wait)
    minutes = math.ceil(wait / 60)
    return _page(
        request,
        wait,
        title="Too many wrong passwords",
        what=(
            "Wrong passwords were tried too often for this user, or from your address. For now no"
            " password is looked at, not even the right one."
        ),
        when=f"Try again at {until + timedelta(minutes=1):%H:%M} UTC",
        span="in a minute" if minutes == 1 else f"in {minutes} minutes",
    )


def busy_page(request: HttpRequest, why: str) -> HttpResponse:
    """429, for a moment."""
    return _page(
        request,
        BUSY_SECONDS,
        title="Not looked at yet",
        what=f"{why[0].upper()}{why[1:]}. Your password was not looked at.",
        when="Try again",
        span=f"in {BUSY_SECONDS} seconds",
    )


def _page(request: HttpRequest, wait: float, **texts: str) -> HttpResponse:
    context = {**texts, "site_header": admin.site.site_header, "again": request.get_full_path()}
    answer = render(request, "admin/login_refused.html", context, status=429)
    answer.headers["Retry-After"] = str(math.ceil(wait))
    answer.headers["Cache-Control"] = "no-store"
    return answer

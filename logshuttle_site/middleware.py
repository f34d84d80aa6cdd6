"""What every answer has."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9-]{8,64}", re.ASCII)


class RequestId:
    """`X-Request-Id`: the client's, if it is harmless, else a new one."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-Id", "")
        answer = self._get_response(request)
        known = _ACCEPTABLE_ID.fullmatch(given)
        answer.headers["X-Request-Id"] = given if known else str(uuid.uuid4())
        return answer

"""An operator who wants to be told, by the forms of the admin; and a webhook that judges it."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import Any

import httpx
from standardwebhooks import Webhook

from tests.support.http_receiver import HttpReceiver, Request
from tests.support.shuttle import Shuttle
from tests.support.waiting import wait_until

PASSWORD = "of-the-tests"
EVERYTHING = (
    "drains.failing",
    "drains.recovered",
    "lines.lost",
    "lag.half_of_retention",
    "certificate.ends",
    "workers.none",
)
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")
_RECIPIENTS = "/admin/notifications/recipient/"


class Told:
    """What one webhook has been told, each message checked by Standard Webhooks' own judge."""

    def __init__(self, sink: HttpReceiver, secret: str) -> None:
        self.sink = sink
        self._judge = Webhook(secret)

    def messages(self) -> list[dict[str, Any]]:
        """Those that were taken."""
        return [self.read(request) for request in self.sink.accepted()]

    def read(self, request: Request) -> dict[str, Any]:
        read: dict[str, Any] = self._judge.verify(request.body, dict(request.headers))
        return read

    def kinds(self) -> list[str]:
        return [message["type"] for message in self.messages()]

    def wait_for(self, kind: str, limit_seconds: float) -> dict[str, Any]:
        wait_until(lambda: kind in self.kinds(), limit_seconds, f"it is told of {kind}")
        return next(message for message in self.messages() if message["type"] == kind)

    def seconds_after(self, moment: str, kind: str) -> float:
        """How long after a moment the first message of this type came."""
        request = next(of for of in self.sink.accepted() if self.read(of)["type"] == kind)
        came_at = time.time() - (time.monotonic() - request.time)
        return came_at - datetime.fromisoformat(moment).timestamp()


class Desk:
    """Somebody who has logged in and may do everything."""

    def __init__(self, shuttle: Shuttle) -> None:
        shuttle.environment["DJANGO_SUPERUSER_PASSWORD"] = PASSWORD
        making = ("createsuperuser", "--noinput", "--username", "op", "--email", "")
        with shuttle.run(*making) as made:
            assert made.wait() == 0, made.output()
        self._client = httpx.Client(
            base_url=shuttle.api.base_url, follow_redirects=True, timeout=20, verify=False
        )
        self._post("/admin/login/?next=/admin/", {"username": "op", "password": PASSWORD})

    def want(self, sink: HttpReceiver, *, minutes: int = 0, events: Any = EVERYTHING) -> Told:
        """A webhook of this receiver."""
        fields = {"kind": "webhook", "new_address": f"{sink.url}hook", "enabled": "on"}
        page = self._post(
            f"{_RECIPIENTS}add/", {**fields, "minutes": minutes, "events": list(events)}
        )
        (secret,) = _SECRET.findall(page)
        return Told(sink, secret)

    def messages(self) -> str:
        return self._client.get("/admin/notifications/message/").text

    def recipients(self) -> str:
        return self._client.get(_RECIPIENTS).text

    def does_to_drains(self, action: str, drains: list[str], request_id: str) -> None:
        """As the list's buttons do."""
        fields = {"action": action, "index": 0, "_selected_action": drains}
        self._post("/admin/drains/drain/", fields, {"X-Request-Id": request_id})

    def get(self, path: str) -> httpx.Response:
        return self._client.get(path)

    def close(self) -> None:
        self._client.close()

    def _post(
        self, path: str, fields: dict[str, Any], headers: dict[str, str] | None = None
    ) -> str:
        found = _TOKEN.search(self._client.get(path).text)
        assert found is not None
        data = {**fields, "csrfmiddlewaretoken": found[1]}
        answer = self._client.post(path, data=data, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.text

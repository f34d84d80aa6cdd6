"""REST: the drains of an app, and of a site."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, cast

from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from drains import services
from drains.errors import InvalidDrainError, UnknownDrainError
from drains.models import Drain
from drains.moments import rfc3339
from drains.options.table import OPTIONS
from drains.serializers import DrainRequest, SendAgainRequest, drain_json
from drains.status import with_statuses
from drains.throttles import count_trial
from drains.trials import try_out
from events.access import Caller, Scope
from events.keys import AppKey, Key, SiteKey


class DrainViewSet(ViewSet):
    """`key_of` reads the app or the site of the path. Errors become problem bodies elsewhere."""

    key_of: Callable[[str], Key] = AppKey.parse
    http_method_names = ("get", "head", "post", "patch", "delete")

    def list(self, request: Request, key: str) -> Response:
        drains = with_statuses(Drain.objects.of(self._key(key)))
        return Response([drain_json(drain) for drain in drains])

    def create(self, request: Request, key: str) -> Response:
        made = services.create_drain(self._key(key), **_valid(request))
        return Response(drain_json(made), status=201)

    def retrieve(self, request: Request, key: str, drain_id: str) -> Response:
        return Response(drain_json(self._drain(key, drain_id)))

    def partial_update(self, request: Request, key: str, drain_id: str) -> Response:
        drain = self._drain(key, drain_id)
        changes = _valid(request, partial=True)
        caller = cast(Caller, request.user)
        sees = caller.may(Scope.SECRETS)
        return Response(drain_json(services.change_drain(drain, sees_secrets=sees, **changes)))

    def destroy(self, request: Request, key: str, drain_id: str) -> Response:
        drain = self._drain(key, drain_id)
        answer = Response(drain_json(drain))
        services.delete_drain(drain)
        return answer

    def pause(self, request: Request, key: str, drain_id: str) -> Response:
        return self._set_paused(key, drain_id, paused=True)

    def resume(self, request: Request, key: str, drain_id: str) -> Response:
        return self._set_paused(key, drain_id, paused=False)

    def retry(self, request: Request, key: str, drain_id: str) -> Response:
        """Its receiver is dialled at once. Nothing is asked of one that works."""
        drain = self._drain(key, drain_id)
        services.try_now(drain)
        return Response(drain_json(drain), status=202)

    def test(self, request: Request, key: str, drain_id: str) -> Response:
        """One test line over a connection of its own, and what happened at each step."""
        drain = self._drain(key, drain_id)
        count_trial(drain)
        went_well, steps = try_out(drain)
        return Response({"ok": went_well, "steps": [asdict(step) for step in steps]})

    def replay(self, request: Request, key: str, drain_id: str) -> Response:
        """A window is sent again: as far as Kafka has it, from a time on."""
        wanted = SendAgainRequest(data=_body(request))
        wanted.is_valid(raise_exception=True)
        since, records = services.send_again(
            self._drain(key, drain_id), wanted.validated_data["since"]
        )
        return Response({"since": rfc3339(since), "records": records}, status=202)

    def _set_paused(self, key: str, drain_id: str, *, paused: bool) -> Response:
        return Response(
            drain_json(services.change_drain(self._drain(key, drain_id), paused=paused))
        )

    def _key(self, text: str) -> Key:
        try:
            key = type(self).key_of(text)
        except ValueError as error:
            raise InvalidDrainError("app", str(error)) from None
        services.refuse_odd_key(key)
        return key

    def _drain(self, key: str, drain_id: str) -> Drain:
        """Another app's drain is as unknown as one that does not exist."""
        drain = Drain.objects.of(self._key(key)).with_id(drain_id)
        if drain is None:
            raise UnknownDrainError
        return drain


class AppDrains(DrainViewSet):
    key_of = AppKey.parse


class SiteDrains(DrainViewSet):
    key_of = SiteKey.named


def _valid(request: Request, *, partial: bool = False) -> dict[str, Any]:
    body = _body(request)
    wanted = DrainRequest(data=body, partial=partial)
    wanted.is_valid(raise_exception=True)
    changes = {name: body[name] for name in OPTIONS if name in body}
    return {**wanted.validated_data, **changes}


def _body(request: Request) -> Any:
    """An object: the parser takes nothing else."""
    body = request.data
    if not request.body:  # DRF takes no body at all for an empty object
        raise ParseError("the body is empty; a JSON object is expected")
    return body

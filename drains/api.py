"""REST: the drains of an app, and of a site."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import asdict
from typing import Any

from django.utils.http import parse_etags
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
from drains.settings_tag import refuse_changed, settings_tag
from drains.status import with_statuses
from drains.throttles import count_trial
from drains.trials import try_out
from events.access import Scope, caller_of
from events.keys import AppKey, Key, SiteKey
from events.owners import name_of


class DrainViewSet(ViewSet):
    """`key_of` reads the app or the site of the path. Errors become problem bodies elsewhere."""

    key_of: Callable[[str], Key] = AppKey.parse
    scopes = {
        **dict.fromkeys(("list", "retrieve"), Scope.READ),
        **dict.fromkeys(("create", "partial_update", "destroy", "pause", "resume"), Scope.DRAINS),
        **dict.fromkeys(("retry", "replay", "test", "try_new"), Scope.DRAINS),
    }
    http_method_names = ("get", "head", "post", "patch", "delete")

    def list(self, request: Request, key: str) -> Response:
        drains = with_statuses(Drain.objects.of(self._key(key)))
        return Response([self._json(drain) for drain in drains])

    def create(self, request: Request, key: str) -> Response:
        return self._shown(services.create_drain(self._key(key), **_valid(request)), 201)

    def try_new(self, request: Request, key: str) -> Response:
        """As `test`, of one that could be made like this. Nothing is saved."""
        owner = self._key(key)
        drain = services.new_drain(owner, **_valid(request))
        count_trial(name_of(owner))
        return _tried_out(drain)

    def retrieve(self, request: Request, key: str, drain_id: str) -> Response:
        return self._shown(self._drain(request, key, drain_id))

    def partial_update(self, request: Request, key: str, drain_id: str) -> Response:
        drain, wanted = self._drain(request, key, drain_id), _valid(request, partial=True)
        sees = caller_of(request).may(Scope.SECRETS)
        wanted |= {"held": _held(request), "sees_secrets": sees}
        return self._shown(services.change_drain(drain, **wanted))

    def destroy(self, request: Request, key: str, drain_id: str) -> Response:
        drain = self._drain(request, key, drain_id)
        answer = Response(self._json(drain))
        services.delete_drain(drain, _held(request))
        return answer

    def pause(self, request: Request, key: str, drain_id: str) -> Response:
        return self._set_paused(request, key, drain_id, paused=True)

    def resume(self, request: Request, key: str, drain_id: str) -> Response:
        return self._set_paused(request, key, drain_id, paused=False)

    def retry(self, request: Request, key: str, drain_id: str) -> Response:
        """Its receiver is dialled at once. Nothing is asked of one that works."""
        drain = self._drain(request, key, drain_id)
        services.try_now(drain)
        return self._shown(drain, 202)

    def test(self, request: Request, key: str, drain_id: str) -> Response:
        """One test line over a connection of its own, and what happened at each step."""
        drain = self._drain(request, key, drain_id)
        count_trial(str(drain.pk))  # however its id was written
        return _tried_out(drain)

    def replay(self, request: Request, key: str, drain_id: str) -> Response:
        """A window is sent again: as far as Kafka has it, from a time on."""
        drain = self._drain(request, key, drain_id)
        wanted = SendAgainRequest(data=_body(request))
        wanted.is_valid(raise_exception=True)
        since, records = services.send_again(drain, wanted.validated_data["since"])
        return Response({"since": rfc3339(since), "records": records}, status=202)

    def _set_paused(self, request: Request, key: str, drain_id: str, *, paused: bool) -> Response:
        drain = self._drain(request, key, drain_id)
        return self._shown(services.change_drain(drain, held=_held(request), paused=paused))

    def _json(self, drain: Drain) -> dict[str, Any]:
        return drain_json(drain, shows_secrets=caller_of(self.request).may(Scope.SECRETS))

    def _shown(self, drain: Drain, status: int = 200) -> Response:
        return Response(self._json(drain), status, headers={"ETag": settings_tag(drain)})

    def _key(self, text: str) -> Key:
        """What is not the caller's is as unknown as what does not exist."""
        try:
            key = type(self).key_of(text)
        except ValueError as error:
            raise InvalidDrainError("app", str(error)) from None
        if not caller_of(self.request).reaches(key):
            raise UnknownDrainError
        services.refuse_odd_key(key)
        return key

    def _drain(self, request: Request, key: str, drain_id: str) -> Drain:
        """Another app's drain is as unknown as one that does not exist. What is changed of it is
        held against If-Match once more, where nobody else can change it."""
        drain = Drain.objects.of(self._key(key)).with_id(drain_id)
        if drain is None:
            raise UnknownDrainError
        if (held := _held(request)) is not None:
            refuse_changed(drain, held)
        return drain


class AppDrains(DrainViewSet):
    key_of = AppKey.parse


class SiteDrains(DrainViewSet):
    key_of = SiteKey.named


def _tried_out(drain: Drain) -> Response:
    went_well, steps = try_out(drain)
    return Response({"ok": went_well, "steps": [asdict(step) for step in steps]})


def _held(request: Request) -> Collection[str] | None:
    """The tags of If-Match (RFC 9110 section 13.1.1); None: it is not there."""
    given: str | None = request.headers.get("If-Match")
    if given is None:
        return None
    tags: list[str] = parse_etags(given)
    if not tags:
        raise ParseError('If-Match: must be *, or a tag as ETag gave it, in its quotes: "…"')
    return tags


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

"""REST: `POST /log-events`, a Kubernetes event on its way to its space's Kafka topic."""

from __future__ import annotations

from codecs import BOM_UTF8
from functools import cache

from django.conf import settings
from django.http import HttpResponse
from rest_framework.exceptions import APIException, NotFound, ParseError
from rest_framework.request import Request
from rest_framework.views import APIView

from events.access import Scope, caller_of
from events.kafka.producer import DELIVERY_SECONDS, ProduceError, Producer
from events.let_go import let_connections_go
from events.serializers import owner_of, posted_event

LIMIT_SECONDS = DELIVERY_SECONDS + 2


class KafkaRefusedError(APIException):
    status_code = 503


class LogEvents(APIView):
    """201 after Kafka's acknowledgement, with the event as it was posted.

    The record's value is the body, byte for byte but for a BOM. A space that has no topic yet gets
    one if the broker creates topics by itself (`auto.create.topics.enable`); else, as for all that
    Kafka refuses, 503 with its reason. After a 503 Kafka may have the event even so: who posts it
    again may have its line twice.
    """

    scopes = {"post": Scope.EVENTS}
    owner = ""
    """Whose event it is: for the log, when it is refused."""

    def post(self, request: Request) -> HttpResponse:
        fields = request.data  # refuses what is no JSON
        body = request.body.removeprefix(BOM_UTF8)
        if not body or not isinstance(fields, dict):  # DRF takes no body for an empty object
            raise ParseError("the body is empty; a JSON object is expected")
        self.owner = owner_of(fields)
        event = posted_event(fields)
        if not caller_of(request).reaches(event.owner):
            raise NotFound("No such app or space found")
        let_connections_go()
        try:
            producer().start(event.space, body, event.key).result(LIMIT_SECONDS)
        except (ProduceError, TimeoutError) as error:
            raise KafkaRefusedError(f"Kafka has not taken the event: {error}") from error
        return HttpResponse(body, "application/json", 201)


@cache
def producer() -> Producer:
    """One for the process, made when it is first needed."""
    return Producer(settings.KAFKA_CONF)

"""librdkafka's own log: it is heard for its reasons, and written where somebody wants to see it."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

from confluent_kafka import KafkaError

from events.kafka.complaints import Complaints
from events.kafka.reasons import FACILITY, complaint_of

logger = logging.getLogger(__name__)

_SECRET = re.compile(r"password|secret|key|token|jaas|extensions|oauthbearer\.config")
_IN_URLS = re.compile(r"(?<=://)[^/@\s\"']+(?=@)")
_MASK = "***"


class LibrdkafkaLog:
    """What a client takes for its `logger`, and as `error_cb`. Both are called by whoever polls the
    client.

    With the setting `debug` (KAFKA_CONF_debug) all that librdkafka says is also a line of our log.
    It masks most secrets itself, and here what it leaves: users in URLs, values of settings.
    """

    def __init__(self, settings: Mapping[str, str], complaints: Complaints) -> None:
        self._complaints = complaints
        self._is_written = bool(settings.get("debug"))
        self._secrets = sorted(
            (value for name, value in settings.items() if value and _SECRET.search(name)),
            key=len,
            reverse=True,
        )

    def log(self, level: int, form: str, facility: str, client: str, text: str) -> None:
        """As logging.Logger has it."""
        if facility == FACILITY:
            self._hear(text)
        if self._is_written:
            shown = self._masked(text)
            logger.log(level, form, facility, client, shown, extra={"action": "librdkafka"})

    def error(self, error: KafkaError) -> None:
        """Most say again what stands in its log, which KAFKA_CONF_log_level may silence."""
        self._hear(error.str())

    def _hear(self, text: str) -> None:
        """A broker may be called as a secret is: its name stays."""
        if (complaint := complaint_of(" ".join(text.split("\n")))) is not None:
            self._complaints.hear(complaint._replace(why=self._masked(complaint.why)))

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        return _IN_URLS.sub(_MASK, " ".join(text.split("\n")))

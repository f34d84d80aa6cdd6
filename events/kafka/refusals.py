"""What Kafka answers to who may not have what it asks for, or not now: once, then twice a minute.

That it does not answer at all is said by who watches it (events/kafka/watch.py), and not for each
question again.
"""

from __future__ import annotations

import logging
import math
import time
from threading import Lock

from confluent_kafka import KafkaError, KafkaException

from events.kafka.complaints import REPEAT_SECONDS
from events.kafka.reasons import is_away, to_do_of, words_of

logger = logging.getLogger(__name__)

_KEPT_MAX = 1_000


class _Refusals:
    def __init__(self) -> None:
        self._said_at: dict[tuple[str, str], float] = {}
        self._lock = Lock()

    def __call__(self, error: KafkaError | KafkaException, action: str) -> None:
        """`action`: what it was asked for, as the log has it."""
        if is_away(error):
            return
        said, now = words_of(error), time.monotonic()
        with self._lock:
            if now - self._said_at.get((action, said), -math.inf) < REPEAT_SECONDS:
                return
            if len(self._said_at) >= _KEPT_MAX:
                self._said_at.clear()
            self._said_at[action, said] = now
        logger.warning("Kafka: %s.%s", said, to_do_of(error), extra={"action": action})


say_refusal = _Refusals()
"""Called by any thread, as often as it is met."""

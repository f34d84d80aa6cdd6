"""The measure itself: nobody attacks, and it says so; a worker that stands still is seen."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.support.broker import Broker
from tests.support.others import Others
from tests.support.shuttle import Shuttle


def test_a_quiet_minute_harms_nobody_and_a_standstill_is_seen(
    kafka: Broker, own_shuttle: Shuttle
) -> None:
    worker = own_shuttle.start_worker()
    with Others(own_shuttle, kafka, [worker, own_shuttle.web]) as others:
        control = others.watch(1.5)
        with others.watched() as seen:
            os.kill(worker.pid, signal.SIGSTOP)
            time.sleep(1.5)
            os.kill(worker.pid, signal.SIGCONT)
        others.all_arrive()

    assert control.lines.of > 20
    assert control.calls.of > 4
    with pytest.raises(AssertionError, match="without the attack"):
        seen[0].is_unharmed(control)

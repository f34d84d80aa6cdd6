"""A Python in which some drains meet a fault of ours: in a view, in the admin, and in a worker.

PLANTED: any value. Whoever names the host `VIEW_HOST` in a URL has an exception out of the web, and
a drain to `WORKER_HOST` one out of a worker's tick, once. Secrets lie in variables just then.
"""

from __future__ import annotations

import os
from typing import Any

from drains.destination import Destination
from shuttle.feed.feed import Feed

VIEW_HOST, WORKER_HOST = "planted.example", "127.0.0.2"
FAULT = "a fault that was planted"


class PlantedError(Exception):
    pass


def plant() -> None:
    parse, tend = Destination.parse.__func__, Feed.tend  # type: ignore[attr-defined]
    fallen: list[str] = []

    def faulty_parse(cls: type[Destination], url: str) -> Any:
        if VIEW_HOST in url:
            raise PlantedError(FAULT)
        return parse(cls, url)

    def faulty_tend(self: Feed, now: float) -> None:
        headers = self.route.options.headers
        if self.route.destination.host == WORKER_HOST and headers and not fallen:
            fallen.append(self.route.drain_id)
            raise PlantedError(FAULT)
        tend(self, now)

    Destination.parse = classmethod(faulty_parse)  # type: ignore[assignment, method-assign]
    Feed.tend = faulty_tend  # type: ignore[method-assign]


if "PLANTED" in os.environ:
    plant()

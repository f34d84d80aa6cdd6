"""Several workers on one machine: a process each, started again when it dies.

The first starts alone, so that a configuration that cannot be is said once; the others follow
when it follows drains. They share nothing but the consumer group and the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from events.process.local_places import forget_places, new_places
from events.process.probe_client import ask_readiness
from events.process.supervised_process import SupervisedProcess

BAD_CONFIGURATION = 2
LOOK_SECONDS = 0.05
ANSWER_SECONDS = 3.0


class Supervisor:
    """Keeps `count` workers running. `command` is one's; where it serves its probes is added."""

    def __init__(self, command: Sequence[str | Path], count: int, grace_seconds: float) -> None:
        self.places = {str(number): place for number, place in enumerate(new_places(count))}
        """Where each worker answers for itself."""
        self.workers = {
            name: SupervisedProcess(
                f"Worker {name}",
                [*command, "--slot", name, "--probes-place", place],
                grace_seconds,
                final={BAD_CONFIGURATION},
            )
            for name, place in self.places.items()
        }

    def stop(self) -> None:
        """Idempotent; `run` waits for the end of all."""
        for worker in self.workers.values():
            worker.stop()

    def kill(self) -> None:
        """Ends all at once, and leaves nothing behind."""
        for worker in self.workers.values():
            worker.kill()
        self.close()

    def close(self) -> None:
        forget_places([*self.places.values()])

    async def run(self) -> int:
        """Until `stop`, or until one finds its configuration bad; the exit status."""
        first, *others = self.workers.values()
        running = [asyncio.create_task(first.run())]
        try:
            await self._works(running[0])
            running += [asyncio.create_task(worker.run()) for worker in others]
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.stop()
            statuses = await asyncio.gather(*running)
        if BAD_CONFIGURATION in statuses:
            return BAD_CONFIGURATION
        return 1 if any(statuses) else 0

    async def _works(self, first: asyncio.Task[int]) -> None:
        """Returns when the first worker knows its drains and may consume, or has ended for good."""
        place = next(iter(self.places.values()))
        while not first.done():
            told = await ask_readiness(place, ANSWER_SECONDS)
            if told and told["checks"]["routes"]:
                return
            await asyncio.sleep(LOOK_SECONDS)

"""A worker, or a supervisor of several, with all that stands around it: probes, signals, runals."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from events.kafka.watch import KafkaWatch
from events.process.daemon_thread import DaemonThread
from events.process.probes import OwnAnswers, Place, serve_probes
from events.process.signals import stop_on_signals
from events.process.supervised_process import SupervisedProcess, running
from shuttle.commit.database_store import DatabaseStore
from shuttle.commit.store import StoreError
from shuttle.process.limits import spare_the_collector
from shuttle.process.supervisor import Supervisor
from shuttle.process.supervisor_probes import WorkersAnswers
from shuttle.process.watchdog import watched
from shuttle.worker.config import WorkerConfig
from shuttle.worker.metrics import WorkerMetrics
from shuttle.worker.worker import Worker

logger = logging.getLogger(__name__)

LOOK_UP_THREADS = 128
TOPICS_SECONDS = 3.0


async def work(config: WorkerConfig, place: Place, als: SupervisedProcess | None) -> None:
    """`place`: where its probes are served (`serve_probes`). Raises StoodStillError."""
    loop = asyncio.get_running_loop()
    # Names are looked up here; a slow name server must not keep other drains from theirs.
    loop.set_default_executor(ThreadPoolExecutor(LOOK_UP_THREADS, thread_name_prefix="look-up"))
    store = DatabaseStore(config.group)
    worker = Worker(replace(config, topics=await _topics(store)), store)
    spare_the_collector()

    def stop() -> None:
        logger.info("Stopping: no more is consumed, what is under way arrives")
        worker.stop()
        if als is not None:
            als.stop()

    stop_on_signals(stop)

    async def collected() -> WorkerMetrics:
        return WorkerMetrics(await worker.report())

    answers = OwnAnswers(collected, worker.checks, worker.waits.told)
    async with watched(), serve_probes(answers, place), running(als):
        with KafkaWatch(config.kafka):
            await worker.run()


async def _topics(store: DatabaseStore) -> int:
    """None, where the database does not say so soon: the worker waits for it later."""
    thread = DaemonThread("topics")
    try:
        async with asyncio.timeout(TOPICS_SECONDS):
            return await asyncio.get_running_loop().run_in_executor(thread, store.topics)
    except (StoreError, TimeoutError):
        return 0
    finally:
        thread.shutdown()


async def supervise(supervisor: Supervisor, probes: Place, als: SupervisedProcess | None) -> int:
    """`probes`: where they are served. The exit status: 0 when every worker has ended in order."""

    def stop() -> None:
        logger.info("Stopping all workers")
        supervisor.stop()
        if als is not None:
            als.stop()

    def at_once() -> None:
        supervisor.kill()
        if als is not None:
            als.kill()

    try:
        stop_on_signals(stop, at_once)
        answers = WorkersAnswers(supervisor)
        async with serve_probes(answers, probes), running(als):
            return await supervisor.run()
    finally:
        supervisor.close()

"""What a platform has to stand: workers that join, stop, die, and receivers that go away."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter

from benchmarks.bench import say
from benchmarks.size.installation import STOP_SECONDS, Installation
from benchmarks.size.steps import CATCH_UP_SECONDS, delays, flow, one_worker, resident
from benchmarks.size.table import Table, share, within
from benchmarks.size.watching import Watch, Watched, drains_by_state, seconds_until

JOIN_SECONDS = 90.0
JOIN_LEAST_SECONDS = 15.0
"""It needs some to start."""
WORKERS = 4
WORKERS_SECONDS = 150.0
KILL_SECONDS = 90.0
KILL_LEAST_SECONDS = 25.0
"""Kafka takes up to 10 s to notice, and the next worker starts."""
AWAY_SECONDS = 40.0
BACK_SECONDS = 180.0
STATES_SECONDS = 2.0


def join(of: Installation, table: Table) -> None:
    one_worker(of)
    flow(of)
    watch = Watch(of)
    of.start_worker()
    watched = watch.until_settled(2, JOIN_SECONDS, JOIN_LEAST_SECONDS)
    _tell(of, table, "second worker joins", watched, JOIN_SECONDS)


def stop(of: Installation, table: Table) -> None:
    if not of.workers:
        one_worker(of)
    flow(of)
    taken = of.stop_workers()
    table.row("stop (SIGTERM), with lines", *(within(_ended(one), STOP_SECONDS) for one in taken))


def _ended(seconds: float) -> float | None:
    return seconds if seconds < STOP_SECONDS else None


def workers(of: Installation, table: Table) -> None:
    of.stop_workers()
    if not of.flows:
        of.write_lines()
    watch = Watch(of)
    of.start_worker(WORKERS)
    watched = watch.until_settled(WORKERS, WORKERS_SECONDS)
    _tell(of, table, f"`--workers {WORKERS}` from nothing", watched, WORKERS_SECONDS)


def kill(of: Installation, table: Table) -> None:
    """Of one of several workers."""
    if [worker.workers for worker in of.workers] != [WORKERS]:
        of.stop_workers()
        if not of.flows:
            of.write_lines()
        of.start_worker(WORKERS)
        Watch(of).until_settled(WORKERS, WORKERS_SECONDS)
    flow(of)
    watch = Watch(of)
    os.kill(of.workers[0].pids[-1], signal.SIGKILL)
    watched = watch.until_settled(WORKERS, KILL_SECONDS, KILL_LEAST_SECONDS)
    _tell(of, table, f"kill -9 of one of {WORKERS}", watched, KILL_SECONDS)


def outage(of: Installation, table: Table) -> None:
    port = one_worker(of).port
    flow(of)
    away = sum(of.plan.is_away(drain % of.plan.receivers) for drain in of.plan.listeners())
    cursors = [of.database.count("drains_draincursor")]
    live = (drains_by_state(port) or Counter())["live"]
    before = of.receivers.take()
    say(f"receivers of {away:,} drains go away for {AWAY_SECONDS:g} s")
    of.receivers.down()
    time.sleep(AWAY_SECONDS)
    others = of.receivers.take()
    cursors.append(of.database.count("drains_draincursor"))
    of.receivers.up()
    watch, began = Watch(of), time.monotonic()
    back, seen = _until_live(port, live)
    name = f"receivers of {away:,} drains away for {AWAY_SECONDS:g} s"
    table.row(name, f"all live again {within(back, BACK_SECONDS, f'{seen:,} of {live:,}')}")
    left = BACK_SECONDS - (time.monotonic() - began)
    flowing = seconds_until(lambda: not watch.missing()[0], max(left, 1), "all lines")
    lines, drains = watch.missing()
    all_there = None if flowing is None else time.monotonic() - began
    reached = f"{lines:,} lines missing, of {drains:,} drains"
    table.row("… all their lines there", within(all_there, BACK_SECONDS, reached))
    after = of.receivers.take()
    twice = after.twice - before.twice
    table.row("… twice", f"{twice:,} of {after.lines - before.lines:,}")
    table.row("… others meanwhile", delays(others.near), f"after: {delays(after.near)}")
    cursors.append(of.database.count("drains_draincursor"))
    table.row("… cursor rows", " → ".join(f"{rows:,}" for rows in cursors))


def _until_live(port: int, live: int) -> tuple[float | None, int]:
    """Seconds until as many are live as before, and how many were at the end."""
    seen = 0

    def are_live() -> bool:
        nonlocal seen
        states = drains_by_state(port)
        if states is not None:
            seen = states["live"]
        return seen >= live

    return seconds_until(are_live, BACK_SECONDS, "all live again", STATES_SECONDS), seen


def _tell(of: Installation, table: Table, name: str, watched: Watched, limit: float) -> None:
    lines, drains = watched.missing
    shares = " + ".join(f"{count:,}" for count in watched.shares) or "none"
    settled = within(watched.settled_seconds, limit, f"shares are {shares}")
    table.row(name, f"shares settled {settled}", shares if watched.settled_seconds else "")
    reached = f"{lines:,} lines missing, of {drains:,} drains"
    table.row("… all lines there again", within(watched.flowing_seconds, limit, reached))
    heard = watched.heard
    table.row("… meanwhile", f"no line for {heard.silence_seconds:.1f} s", delays(heard.all))
    written = of.written()
    late = seconds_until(
        lambda: not of.receivers.missing(written)[0], CATCH_UP_SECONDS, "all lines"
    )
    lost = "none lost"
    if late is None:
        left = of.receivers.missing(written)[0]
        lost = f"{left:,} not there {CATCH_UP_SECONDS:g} s later"
    twice = f"twice {watched.twice:,} of {watched.lines:,} ({share(watched.twice, watched.lines)})"
    table.row("… lines", lost, twice)
    table.row("… RSS of each worker then", *map(resident, of.workers))

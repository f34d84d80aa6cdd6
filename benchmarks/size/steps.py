"""One worker: its start, what it costs at rest and with lines, how soon a new drain gets any."""

from __future__ import annotations

import random
import time
from collections import Counter
from statistics import median

from benchmarks.bench import say
from benchmarks.size.installation import WARM_SECONDS, Installation, RunningWorker
from benchmarks.size.receivers import quantile
from benchmarks.size.table import Table, share, within
from benchmarks.size.usage import cpu_seconds, cpu_seconds_by_thread, open_files, resident_mib
from benchmarks.size.watching import asked, seconds_until

START_SECONDS = 120.0
REST_SECONDS = 20.0
LINES_SECONDS = 30.0
CATCH_UP_SECONDS = 60.0
NEW_SECONDS = 30.0
APPS_ASKED = 100
POSTS = 20
PROBES = 5
NEWCOMERS = 10_000_000
"""Numbers of apps from here on are not in the plan."""


def start(of: Installation, table: Table) -> None:
    of.stop_workers()
    worker = of.start_worker()
    seconds, cpu = _until_taken_over(of, worker)
    reached = f"{worker.taken_over:,} of {of.plan.partitions:,}"
    taken = within(seconds, START_SECONDS, reached)
    table.row(
        "start → took over all partitions", taken, f"{cpu:.1f} s CPU", f"{of.plan.partitions:,}"
    )


def rest(of: Installation, table: Table) -> None:
    """Looked at before lines are written."""
    worker = one_worker(of)
    say("letting it come to rest")
    time.sleep(WARM_SECONDS)
    written, began = of.database.written(), time.monotonic()
    cpu = cpu_seconds_by_thread(worker.pids)
    time.sleep(REST_SECONDS)
    spent = cpu_seconds_by_thread(worker.pids) - cpu
    seconds, after = time.monotonic() - began, of.database.written()
    table.row("RSS at rest", resident(worker))
    by_thread = ", ".join(
        f"{name} {used / seconds * 1e3:.0f}" for name, used in spent.most_common()
    )
    table.row("CPU at rest, ms/s", f"{spent.total() / seconds * 1e3:.0f} ({by_thread})")
    rows = {name: count - written.rows.get(name, 0) for name, count in after.rows.items()}
    for table_name in ("drains_drainstatus", "drains_draincursor"):
        table.row(f"{table_name} rows written at rest", f"{rows[table_name] / seconds:.1f}/s")
    table.row("all rows written at rest", f"{sum(rows.values()) / seconds:.1f}/s")
    wal = (after.wal_bytes - written.wal_bytes) / seconds / 1e6
    table.row("WAL at rest", f"{wal:.2f} MB/s")
    known, looked_at = _known_states(of)
    table.row("drains whose state is told", f"{share(known, looked_at)} of {looked_at:,} asked")


def lines(of: Installation, table: Table) -> None:
    worker = one_worker(of)
    flow(of)
    before, cpu = of.receivers.take(), cpu_seconds_by_thread(worker.pids)
    written, began = of.database.written(), time.monotonic()
    time.sleep(LINES_SECONDS)
    heard, spent = of.receivers.take(), cpu_seconds_by_thread(worker.pids) - cpu
    seconds, after = time.monotonic() - began, of.database.written()
    count = heard.lines - before.lines
    table.row(
        "lines", f"{count / seconds:,.0f}/s", delays(heard.all), f"{heard.connections:,} open"
    )
    cpu_us = spent.total() / max(count, 1) * 1e6
    kafka = spent["librdkafka"] / seconds * 1e3
    table.row("CPU a line delivered", f"{cpu_us:.0f} µs", f"librdkafka {kafka:.0f} ms/s")
    rows = (sum(after.rows.values()) - sum(written.rows.values())) / seconds
    table.row("rows written with lines", f"{rows:,.0f}/s")
    table.row("RSS with lines", resident(worker))
    files, connections = open_files(worker.pids), of.database.connections()
    table.row("open files", f"{files:,}", f"{connections} connections to the database, web's too")


def new(of: Installation, table: Table) -> None:
    one_worker(of)
    flow(of)
    posts = []
    for number in range(POSTS):
        began = time.monotonic()
        of.shuttle.add_drain(f"posted{number}-space0", f"syslog://127.1.0.1:{of.plan.closed}")
        posts.append(time.monotonic() - began)
    table.row(
        "POST of a drain", f"p50 {median(posts) * 1e3:.0f} ms", f"most {max(posts) * 1e3:.0f} ms"
    )
    for number, (name, space) in enumerate({"known": "space0", "new": "newcomers"}.items()):
        app = NEWCOMERS + number
        url = f"syslog://{of.plan.address_of(number)}:{of.plan.port}"
        of.shuttle.add_drain(f"{name}-{space}", url)
        of.write_newcomer(app, name, space)
        seconds_until(lambda app=app: of.receivers.newcomer(app) is not None, NEW_SECONDS, name)  # type: ignore[misc]
        seen = within(of.receivers.newcomer(app), NEW_SECONDS)
        table.row(f"new drain → first line, {name} space", seen)


def probes(of: Installation, table: Table) -> None:
    worker = one_worker(of)
    flow(of)
    for path in ("/metrics", "/readyz"):
        told = [asked(worker.port, path) for _ in range(PROBES)]
        seconds = [taken for taken, _ in told]
        size = max(len(text or "") for _, text in told)
        seen = f"p50 {median(seconds):.2f} s, most {max(seconds):.2f} s, {size / 1e3:.0f} kB"
        table.row(f"`{path}` with lines", seen)


def rows(of: Installation, table: Table) -> None:
    found = of.database.largest()
    table.row("rows", *(f"{name} {count:,} ({size / 1e6:.0f} MB)" for name, count, size in found))


def one_worker(of: Installation) -> RunningWorker:
    """The one there is, or a new one that has all partitions."""
    if [worker.workers for worker in of.workers] != [1]:
        of.stop_workers()
        _until_taken_over(of, of.start_worker())
    return of.workers[0]


def flow(of: Installation) -> None:
    """Returns when lines have come for a while, and none is missing."""
    if not of.flows:
        of.write_lines()
        say("lines begin")
        time.sleep(WARM_SECONDS)
    written = of.written()
    seconds_until(lambda: not of.receivers.missing(written)[0], CATCH_UP_SECONDS, "all lines")


def delays(milliseconds: Counter[int]) -> str:
    """`milliseconds`: that lines took, and how many took so long."""
    return ", ".join(
        f"{name} {quantile(milliseconds, part) / 1000:.2f} s"
        for name, part in {"p50": 0.5, "p99": 0.99, "most": 1.0}.items()
    )


def _until_taken_over(of: Installation, worker: RunningWorker) -> tuple[float | None, float]:
    """Seconds, and the CPU seconds until then."""
    seconds = seconds_until(
        lambda: worker.taken_over >= of.plan.partitions, START_SECONDS, "all partitions", pause=0.1
    )
    return seconds, cpu_seconds(worker.pids)


def resident(worker: RunningWorker) -> str:
    return ", ".join(f"{mib:.0f} MiB" for mib in resident_mib(worker.pids))


def _known_states(of: Installation) -> tuple[int, int]:
    """Of some drains: those of which a worker says how they are, and how many were asked."""
    states: list[str] = []
    for app in random.Random(1).sample(range(of.plan.apps), min(APPS_ASKED, of.plan.apps)):
        answer = of.shuttle.api.get(f"/apps/{'-'.join(of.plan.key_of(app))}/log-drains")
        states += [drain["state"] for drain in answer.json() if drain["reported_at"]]
    return sum(state != "unknown" for state in states), len(states)

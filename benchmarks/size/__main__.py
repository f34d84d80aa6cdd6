"""`python -m benchmarks.size 10000 20`: a platform of so many drains and spaces, in this machine.

PostgreSQL, Kafka, receivers and lines of its own; prints a table, a row for each thing looked at.
Each step is bounded in time, and says so where it did not get there. Linux only.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.arguments import parser_of, positive
from benchmarks.bench import say
from benchmarks.size import disturbances, steps
from benchmarks.size.installation import Installation
from benchmarks.size.plan import DRAINS_AN_APP, Plan
from benchmarks.size.table import Table
from tests.support.ports import free_port

Step = Callable[[Installation, Table], None]

STEPS: dict[str, Step] = {
    "start": steps.start,
    "rest": steps.rest,
    "lines": steps.lines,
    "new": steps.new,
    "probes": steps.probes,
    "join": disturbances.join,
    "stop": disturbances.stop,
    "workers": disturbances.workers,
    "kill": disturbances.kill,
    "outage": disturbances.outage,
    "rows": steps.rows,
}
"""In the order in which they are taken."""


def main() -> None:
    options = options_of()
    plan = plan_of(options)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))  # all is cleaned up
    with tempfile.TemporaryDirectory(prefix="logshuttle-size-") as folder, ExitStack() as stack:
        installation = Installation(plan, Path(folder), stack)
        table = Table(f"{plan.drains:,} drains, {plan.apps:,} apps, {plan.spaces:,} spaces")
        say(f"inserting {plan.drains:,} drains")
        began = time.monotonic()
        installation.insert()
        table.row("bulk insert", f"{plan.drains / (time.monotonic() - began):,.0f}/s")
        for name in options.only:
            say(f"--- {name}, load {os.getloadavg()[0]:.1f}")
            STEPS[name](installation, table)


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = parser_of("benchmarks.size", __doc__)
    parser.add_argument("drains", type=positive)
    parser.add_argument("spaces", type=positive)
    parser.add_argument("--lines", type=positive, default=2_660, help="a second, to all drains")
    parser.add_argument("--apps", type=positive, default=3_000, help="that write lines, at most")
    parser.add_argument("--receivers", type=positive, default=307, help="addresses")
    parser.add_argument(
        "--only",
        type=steps_named,
        default=[*STEPS],
        metavar="STEP,…",
        help="steps to take; each brings about what it needs",
    )
    return parser.parse_args(arguments)


def steps_named(text: str) -> list[str]:
    wanted = text.split(",")
    if unknown := set(wanted) - set(STEPS):
        raise argparse.ArgumentTypeError(f"no step {', '.join(unknown)}: {', '.join(STEPS)}")
    return [name for name in STEPS if name in wanted]


def plan_of(options: argparse.Namespace) -> Plan:
    apps = -(-options.drains // DRAINS_AN_APP)
    return Plan(
        drains=options.drains,
        spaces=options.spaces,
        active=min(options.apps, apps),
        lines=options.lines,
        receivers=max(options.receivers, DRAINS_AN_APP),
        port=free_port(),
        closed=free_port(),
    )


if __name__ == "__main__":
    main()

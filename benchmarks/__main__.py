"""`make bench`: what a record costs, beside what consuming and decoding it costs in the same run.

CPU is user and system time of the workers' processes only, from the first batch to the last
line's arrival. Compare ratios: machines differ, and this one may be busy. Figures: what those for
operators took of a worker's CPU over its whole life.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.arguments import chosen, parser_of, positive
from benchmarks.bench import Cost, broker
from benchmarks.receiver import Benches
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.traffic import remove_topics


def main() -> None:
    options = _options()
    scenarios = chosen(SCENARIOS, options.only)
    print(
        f"{options.lines:,} records (for ten drains of one app a fifth), median of {options.runs};"
        " floor: consuming and decoding the same records"
    )
    print(
        f"{'':44}{'floor µs':>9}{'CPU µs/record':>14}{'x floor':>9}{'aim':>6}"
        f"{'records/s':>12}{'peak MiB':>10}{'figures ms/s':>14}{'ns/record':>11}"
    )
    with tempfile.TemporaryDirectory() as folder, broker(options.kafka, Path(folder)) as bootstrap:
        benches = Benches(bootstrap, Path(folder), options.lines)
        for scenario in scenarios:
            _print(scenario, *benches.of(scenario).measure(scenario, options.runs))
        remove_topics(bootstrap)


def _options() -> argparse.Namespace:
    parser = parser_of("benchmarks", __doc__)
    parser.add_argument("--lines", type=positive, default=1_000_000, help="records of each run")
    parser.add_argument("--runs", type=positive, default=3, help="of each; the median is shown")
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    parser.add_argument("--kafka", help="host:port of a broker to use; default: one of our own")
    return parser.parse_args()


def _print(scenario: Scenario, floors: list[Cost], costs: list[Cost]) -> None:
    floor = median(cost.cpu_us for cost in floors)
    cpu = median(cost.cpu_us for cost in costs)
    rate = median(cost.records_per_second for cost in costs)
    peak = max(cost.peak_mib for cost in costs)
    figures_ms = median(cost.figures_ms or 0.0 for cost in costs)
    figures_ns = median(cost.figures_ns or 0.0 for cost in costs)
    aim_floors = f"{scenario.aim_floors:g}" if scenario.aim_floors else ""
    print(
        f"{scenario.name:44}{floor:9.2f}{cpu:14.2f}{cpu / floor:9.2f}{aim_floors:>6}"
        f"{rate:12,.0f}{peak:10.0f}{figures_ms:14.2f}{figures_ns:11.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()

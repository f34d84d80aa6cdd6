"""`python -m benchmarks.compare BASE HEAD`: what a record costs in two commits, pair by pair.

Both see the same records and the same minutes of the machine, and each pair is judged by itself:
the median of the pairs' ratios is the figure, and on a shared machine nothing below 5% counts.
Both run with the packages of this interpreter.

With `--by-batch` both are in one process and take turns batch by batch: what is between Kafka's
messages and bytes at a sender, within 2%.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles

from benchmarks.bench import HERE, Bench, Cost, broker, say
from benchmarks.by_batch import IN_PROCESS, Turns, take_turns
from benchmarks.receiver import Benches
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.traffic import remove_topics

_HEAD = (
    f"{'base µs':>9}{'head µs':>9}{'median ratio':>14}{'half of them within':>21}"
    f"{'all within':>15}{'MiB':>7}{'':>3}{'MiB':>4}"
)
_HEAD_BY_BATCH = f"{'floor µs':>9}{'base µs':>9}{'head µs':>9}{'ratio':>8}{'head x floor':>14}"


def main() -> None:
    options = _options()
    chosen = [scenario for scenario in SCENARIOS if options.only in scenario.name]
    times = "rounds" if options.by_batch else "pairs"
    print(
        f"{options.base} and {options.head}: {options.pairs} {times} of {options.lines:,} records"
    )
    print(f"{'':44}{_HEAD_BY_BATCH if options.by_batch else _HEAD}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        base = stack.enter_context(_checkout(options.base, folder / "base"))
        head = stack.enter_context(_checkout(options.head, folder / "head"))
        if options.by_batch:
            _compare_by_batch(options, chosen, base, head)
            return
        bootstrap = stack.enter_context(broker(options.kafka, folder))
        benches = Benches(bootstrap, folder, options.lines)
        for scenario in chosen:
            _print(scenario, _pairs(benches.of(scenario), scenario, base, head, options.pairs))
        remove_topics(bootstrap)


def _compare_by_batch(
    options: argparse.Namespace, chosen: Sequence[Scenario], base: Path, head: Path
) -> None:
    for scenario in chosen:
        if scenario.destination in IN_PROCESS and scenario.workers == 1 and not scenario.replayed:
            records = int(options.lines * scenario.share)
            turns = take_turns(scenario, base, head, records, options.pairs)
            _print_turns(scenario, turns)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("base", help="a commit")
    parser.add_argument("head", help="another")
    parser.add_argument("--lines", type=int, default=500_000)
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    parser.add_argument("--by-batch", action="store_true", help="in one process, batch by batch")
    parser.add_argument("--kafka", help="host:port of a broker to use; default: one of our own")
    return parser.parse_args()


@contextmanager
def _checkout(commit: str, folder: Path) -> Iterator[Path]:
    git = ("git", "-C", str(HERE), "worktree")
    subprocess.run([*git, "add", "--quiet", "--detach", str(folder), commit], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True)


def _pairs(
    bench: Bench, scenario: Scenario, base: Path, head: Path, count: int
) -> list[tuple[Cost, Cost]]:
    """What each cost, first the one and then the other first."""
    bench.fill(scenario)
    found = []
    for number in range(count):
        say(f"{scenario.name}: pair {number + 1} of {count}")
        trees = (base, head) if number % 2 == 0 else (head, base)
        costs = {tree: bench.run(scenario, tree) for tree in trees}
        found.append((costs[base], costs[head]))
    return found


def _print(scenario: Scenario, pairs: list[tuple[Cost, Cost]]) -> None:
    ratios = sorted(after.cpu_us / before.cpu_us for before, after in pairs)
    low, _, high = quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
    before, after = zip(*pairs, strict=True)
    print(
        f"{scenario.name:44}{median(cost.cpu_us for cost in before):9.2f}"
        f"{median(cost.cpu_us for cost in after):9.2f}{median(ratios):14.3f}"
        f"{f'{low:.3f}–{high:.3f}':>21}{f'{ratios[0]:.3f}–{ratios[-1]:.3f}':>15}"
        f"{max(cost.peak_mib for cost in before):7.0f} → "
        f"{max(cost.peak_mib for cost in after):4.0f}",
        flush=True,
    )


def _print_turns(scenario: Scenario, turns: Turns) -> None:
    print(
        f"{scenario.name:44}{turns.floor:9.2f}{turns.base:9.2f}{turns.head:9.2f}"
        f"{turns.ratio:8.3f}{turns.head / turns.floor:14.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main()

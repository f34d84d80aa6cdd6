"""`python -m benchmarks.compare BASE HEAD`: what a record costs in two commits, pair by pair.

Both see the same records and the same minutes of the machine, and each pair is judged by itself:
the median of the pairs' ratios is the figure, and on a shared machine nothing below 5% counts.
Both run with the packages of this interpreter.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles

from benchmarks.bench import HERE, Bench, Cost, broker, say
from benchmarks.receiver import Benches
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.traffic import remove_topics


def main() -> None:
    options = _options()
    chosen = [scenario for scenario in SCENARIOS if options.only in scenario.name]
    print(f"{options.base} and {options.head}: {options.pairs} pairs of {options.lines:,} records")
    print(
        f"{'':44}{'base µs':>9}{'head µs':>9}{'median ratio':>14}{'half of them within':>21}"
        f"{'all within':>15}{'MiB':>7}{'':>3}{'MiB':>4}"
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bootstrap = stack.enter_context(broker(options.kafka, folder))
        base = stack.enter_context(_checkout(options.base, folder / "base"))
        head = stack.enter_context(_checkout(options.head, folder / "head"))
        benches = Benches(bootstrap, folder, options.lines)
        for scenario in chosen:
            _print(scenario, _pairs(benches.of(scenario), scenario, base, head, options.pairs))
        remove_topics(bootstrap)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("base", help="a commit")
    parser.add_argument("head", help="another")
    parser.add_argument("--lines", type=int, default=500_000)
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
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


if __name__ == "__main__":
    main()

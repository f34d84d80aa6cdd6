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
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles

from benchmarks.arguments import chosen, parser_of, positive
from benchmarks.bench import HERE, Bench, Cost, broker, say
from benchmarks.by_batch import Turns, is_in_process, take_turns
from benchmarks.receiver import Benches
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.traffic import remove_topics

_HEAD = (
    f"{'base µs':>9}{'head µs':>9}{'median ratio':>14}{'half of them within':>21}"
    f"{'all within':>15}{'peak MiB, base → head':>24}"
)
_HEAD_BY_BATCH = f"{'floor':>9}{'base':>9}{'head':>9}{'median ratio':>14}{'head x floor':>14}"
_ABOUT_BATCHES = ", on the average; ratio: the median of those of all batches"


def main() -> None:
    options = _options()
    among = [one for one in SCENARIOS if not options.by_batch or is_in_process(one)]
    scenarios = chosen(among, options.only)
    what = "rounds of batches" if options.by_batch else "pairs of runs"
    print(
        f"{options.base} (base) and {options.head} (head): {options.pairs} {what},"
        f" {options.lines:,} records; CPU µs a record"
        f"{_ABOUT_BATCHES if options.by_batch else ''}; below 1 head is cheaper"
    )
    print(f"{'':44}{_HEAD_BY_BATCH if options.by_batch else _HEAD}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        base = stack.enter_context(_checkout(options.base, folder / "base"))
        head = stack.enter_context(_checkout(options.head, folder / "head"))
        if options.by_batch:
            for scenario in scenarios:
                records = scenario.records_of(options.lines)
                _print_turns(scenario, take_turns(scenario, base, head, records, options.pairs))
            return
        bootstrap = stack.enter_context(broker(options.kafka, folder))
        benches = Benches(bootstrap, folder, options.lines)
        for scenario in scenarios:
            _print(scenario, _pairs(benches.of(scenario), scenario, base, head, options.pairs))
        remove_topics(bootstrap)


def _options() -> argparse.Namespace:
    parser = parser_of("benchmarks.compare", __doc__)
    parser.add_argument("base", type=_commit, help="a commit")
    parser.add_argument("head", type=_commit, help="the one that is to be judged by it")
    parser.add_argument("--lines", type=positive, default=500_000, help="records of each run")
    parser.add_argument("--pairs", type=positive, default=9, help="of runs; or rounds, by batch")
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    parser.add_argument("--by-batch", action="store_true", help="in one process, batch by batch")
    parser.add_argument("--kafka", help="host:port of a broker to use; default: one of our own")
    return parser.parse_args()


def _commit(text: str) -> str:
    asked = ("git", "-C", str(HERE), "rev-parse", "--quiet", "--verify", f"{text}^{{commit}}")
    if subprocess.run(asked, stdout=subprocess.DEVNULL).returncode:
        raise argparse.ArgumentTypeError(f"{text} is no commit here")
    return text


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
        f"{max(cost.peak_mib for cost in before):17.0f} → "
        f"{max(cost.peak_mib for cost in after):4.0f}",
        flush=True,
    )


def _print_turns(scenario: Scenario, turns: Turns) -> None:
    print(
        f"{scenario.name:44}{turns.floor:9.2f}{turns.base:9.2f}{turns.head:9.2f}"
        f"{turns.ratio:14.3f}{turns.head / turns.floor:14.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main()

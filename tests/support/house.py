"""The size and shape of the product's code: `python -m tests.support.house` prints it."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("events", "drains", "shuttle", "sessions_app", "logshuttle_site", "benchmarks")


def product_files() -> list[Path]:
    """Python that we wrote and ship: no tests, no migrations."""
    files = [ROOT / "manage.py"]
    for room in ROOMS:
        files += sorted((ROOT / room).rglob("*.py"))
    return [file for file in files if "migrations" not in file.parts]


def script_files() -> list[Path]:
    rooms = ("sessions_app", "logshuttle_site")
    return sorted(file for room in rooms for file in (ROOT / room / "static").rglob("*.js"))


def lines_of(file: Path) -> int:
    return len(file.read_text().splitlines())


def functions_of(file: Path) -> Iterator[tuple[str, int]]:
    """Names, each with its lines."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def arrows(room: str) -> dict[str, set[str]]:
    """Which folder or top file of a room imports which others of it."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in (ROOT / room).rglob("*.py"):
        of = file.relative_to(ROOT / room).parts[0].removesuffix(".py")
        for other in re.findall(rf"^from {room}\.(\w+)", file.read_text(), re.MULTILINE):
            if other != of:
                found[of].add(other)
    return found


def floors(graph: dict[str, set[str]]) -> str:
    """The longest way down, in folders."""
    height: dict[str, int] = {}
    try:
        for part in TopologicalSorter(graph).static_order():
            height[part] = 1 + max((height[below] for below in graph.get(part, ())), default=0)
    except CycleError as error:
        return f"a circle: {' → '.join(error.args[1])}"
    return str(max(height.values(), default=0))


def main() -> None:
    files = product_files()
    print(f"{sum(map(lines_of, files))} lines of Python in {len(files)} files")
    for file in sorted(files + script_files(), key=lines_of, reverse=True)[:5]:
        print(f"  {lines_of(file):4} {file.relative_to(ROOT)}")
    print("longest functions")
    functions = [(lines, name, file) for file in files for name, lines in functions_of(file)]
    for lines, name, file in sorted(functions, reverse=True)[:5]:
        print(f"  {lines:4} {file.relative_to(ROOT)}::{name}")
    print("files in a folder")
    folders: dict[Path, int] = defaultdict(int)
    for file in files + script_files():
        folders[file.parent] += file.name != "__init__.py"
    for folder, count in sorted(folders.items(), key=lambda item: -item[1])[:8]:
        print(f"  {count:4} {folder.relative_to(ROOT)}")
    for room in ROOMS[:-1]:
        graph = arrows(room)
        parts = set(graph) | {other for others in graph.values() for other in others}
        print(f"{room}: {len(parts)} parts, {sum(map(len, graph.values()))} arrows,", end=" ")
        print(f"{floors(graph)} floors")


if __name__ == "__main__":
    main()

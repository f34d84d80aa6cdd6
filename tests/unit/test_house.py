"""The house stays a house: files that can be read, and nothing that is not written down."""

from __future__ import annotations

import re

from tests.support.house import ROOT, functions_of, lines_of, product_files, script_files

FILE_LINES, FUNCTION_LINES = 250, 40


def test_no_file_is_longer_than_can_be_read_at_once() -> None:
    sizes = {str(f.relative_to(ROOT)): lines_of(f) for f in product_files() + script_files()}
    assert {name: lines for name, lines in sizes.items() if lines > FILE_LINES} == {}


def test_no_function_is_longer_than_a_page() -> None:
    sizes = {f"{f}::{name}": n for f in product_files() for name, n in functions_of(f)}
    assert {name: lines for name, lines in sizes.items() if lines > FUNCTION_LINES} == {}


def test_every_setting_is_documented() -> None:
    files = [ROOT / "logshuttle_site" / "settings.py", *(ROOT / "logshuttle_site").glob("env_*.py")]
    read = {n for f in files for n in re.findall(r'env\.\w+\(\s*"([A-Z0-9_]+)"', f.read_text())}
    documented = (ROOT / "docs" / "configuration.md").read_text()
    assert len(read) > 20
    assert {name for name in read if name not in documented} == set()


def test_every_metric_is_documented() -> None:
    files = [file for file in product_files() if file.name == "metrics.py"]
    names = {n for f in files for n in re.findall(r'"(logshuttle_\w+)"', f.read_text())}
    documented = (ROOT / "docs" / "metrics.md").read_text()
    assert len(names) > 15
    assert {name for name in names if name not in documented} == set()


def test_no_migration_hangs_on_a_rule_of_today() -> None:
    """Were it changed, an old database would become another one. Types of columns are no rules."""
    ours = re.compile(
        r"^(?:from|import) ((?:drains|events|sessions_app|shuttle)\b\S*)", re.MULTILINE
    )
    files = list(ROOT.glob("*/migrations/*.py"))
    used = {(file.name, name) for file in files for name in ours.findall(file.read_text())}
    assert len(files) > 10
    assert {(file, name) for file, name in used if name != "drains.fields"} == set()


def test_every_page_that_is_named_is_there() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    tests = (
        ROOT / "tests" / kind for kind in ("unit", "contract", "integration", "system", "support")
    )
    files = [*pages, *product_files(), *(file for kind in tests for file in kind.rglob("*.py"))]
    named = {name: file for file in files for name in re.findall(r"[\w-]+\.md", file.read_text())}
    there = {page.name for page in pages}
    assert {name: file for name, file in named.items() if name not in there} == {}


def test_every_case_names_a_test_that_is_there() -> None:
    table = (ROOT / "tests" / "wild" / "README.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", table)
    assert len(named) > 15
    lost = [(file, test) for file, test in named if f"def {test}(" not in (ROOT / file).read_text()]
    assert lost == []

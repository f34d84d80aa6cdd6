"""Watched from outside: pytest runs tests that look for each other."""

import pytest

from tests.support.processes import ROOT

pytest_plugins = ["pytester"]

CONFIGURATION = """
[pytest]
addopts = -p xdist -p tests.support.alone --strict-markers -n 3 --maxschedchunk 1
"""

CODE = """
import pytest, time
from pathlib import Path

RUNNING = Path(__file__).parent

def runs(name):
    mark = RUNNING / name
    mark.touch()
    time.sleep(0.1)
    mark.unlink()

def others():
    return list(RUNNING.glob("*.running"))

@pytest.mark.alone
@pytest.mark.parametrize("number", range(4))
def test_alone(number):
    assert not others()
    runs(f"alone{number}.running")
    assert not others()

@pytest.mark.parametrize("number", range(6))
def test_beside(number):
    runs(f"beside{number}.running")
"""


def test_no_other_test_runs_meanwhile(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini(CONFIGURATION)
    pytester.makepyfile(CODE)

    result = pytester.runpytest_subprocess("-v")

    result.assert_outcomes(passed=10)
    result.stdout.re_match_lines([r".*test_beside\[.", r".*test_alone\[."], consecutive=False)

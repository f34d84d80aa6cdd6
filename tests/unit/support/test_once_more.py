"""`--once-more`, watched from outside: each test below runs pytest on tests that fail."""

from collections.abc import Callable

import pytest

from tests.support.processes import ROOT

Outcome = Callable[..., pytest.RunResult]

pytest_plugins = ["pytester"]

CONFIGURATION = """
[pytest]
addopts = -p xdist -p tests.support.once_more
"""
FLAKY = """
    from pathlib import Path
    def test_flaky():
        first = Path(__file__).with_suffix(".first")
        if not first.exists():
            first.touch()
            assert False, "the first time"
    def test_good():
        pass
"""
BROKEN = """
    def test_broken():
        assert False, "every time"
"""


@pytest.fixture
def outcome(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(code: str, processes: str = "-n2") -> pytest.RunResult:
        pytester.makeini(CONFIGURATION)
        pytester.makepyfile(code)
        return pytester.runpytest_subprocess("--once-more", processes)

    return run


@pytest.mark.parametrize("processes", ["-n0", "-n2"])
def test_what_fails_and_then_passes_is_a_success_and_told(processes: str, outcome: Outcome) -> None:
    result = outcome(FLAKY, processes)

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [
            "E *the first time",
            "FAILURE THEN SUCCESS test_*.py::test_flaky",
            "=* 1 passed, 1 failure then success in *",
        ]
    )


def test_what_fails_twice_is_a_failure(outcome: Outcome) -> None:
    result = outcome(FLAKY + BROKEN)

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "*failed again, by itself*",
            "FAILURE THEN SUCCESS test_*.py::test_flaky",
            "FAILED test_*.py::test_broken*",
            "=* 1 failed, 1 passed, 1 failure then success in *",
        ]
    )


@pytest.mark.parametrize(
    "trouble",
    ["import no_such_module", "import os\ndef test_ends_the_process(): os._exit(3)"],
    ids=["collection", "crash"],
)
def test_other_trouble_is_not_tried_again(outcome: Outcome, trouble: str) -> None:
    result = outcome(trouble)

    assert result.ret not in (pytest.ExitCode.OK, None)
    result.stdout.no_fnmatch_line("*FAILURE THEN SUCCESS*")


def test_very_many_failures_are_no_accident(outcome: Outcome) -> None:
    result = outcome(
        """
        import pytest
        @pytest.mark.parametrize("number", range(11))
        def test_broken(number):
            assert False
        """
    )

    result.assert_outcomes(failed=11)
    result.stdout.no_fnmatch_line("*by itself*")

"""The guards, watched from outside: each test below runs pytest on a test that misbehaves."""

from collections.abc import Callable

import pytest

from tests.support.processes import ROOT

Outcome = Callable[[str], pytest.RunResult]

pytest_plugins = ["pytester"]

CONFIGURATION = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
addopts = -p pytest_asyncio.plugin -p tests.support.guards
"""


@pytest.fixture
def outcome(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # most of the time went there

    def run(code: str) -> pytest.RunResult:
        pytester.makeini(CONFIGURATION)
        pytester.makepyfile(code)
        return pytester.runpytest_subprocess()

    return run


def test_a_thread_left_running_fails_the_test(outcome: Outcome) -> None:
    result = outcome(
        """
        import threading, time
        def test_leaks():
            threading.Thread(target=time.sleep, args=(20,), name="lost", daemon=True).start()
        """
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*left threads running: ?'lost'?*"])


def test_a_task_left_running_fails_the_test(outcome: Outcome) -> None:
    result = outcome(
        """
        import asyncio
        kept = []
        async def test_leaks():
            kept.append(asyncio.create_task(asyncio.sleep(20)))
        async def test_does_not():
            kept.append(asyncio.create_task(asyncio.sleep(0)))
        """
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*left tasks running*"])


def test_the_environment_is_given_back(outcome: Outcome) -> None:
    result = outcome(
        """
        import os
        def test_changes():
            os.environ["KEPT"] = "1"
            del os.environ["PATH"]
        def test_sees_nothing_of_it():
            assert "KEPT" not in os.environ and "PATH" in os.environ
        """
    )
    result.assert_outcomes(passed=2)


def test_a_proxy_of_the_shell_is_not_seen(
    outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://192.0.2.1:8080")
    result = outcome(
        """
        import os
        def test_sees_none():
            assert "HTTPS_PROXY" not in os.environ
        """
    )
    result.assert_outcomes(passed=1)

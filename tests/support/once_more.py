"""`--once-more`: what failed is run again, each test by itself, and told when it passes then.

A run in which all that failed passes so is a success, and says FAILURE THEN SUCCESS of each: a
fault to be understood all the same. What is no test that fails (an error of the collection, a
process that crashed) is not tried again.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator

import pytest

_MOST = 10  # more than that is no accident
_SAID = "failure then success"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--once-more", action="store_true", help="run what failed once more, each test by itself"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--once-more") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_OnceMore())


class _OnceMore:
    def __init__(self) -> None:
        self._failed: dict[str, list[pytest.TestReport]] = {}
        self._passed: dict[str, pytest.TestReport] = {}
        self._failed_again: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.when in ("setup", "call", "teardown"):
            self._failed.setdefault(report.nodeid, []).append(report)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        result = yield
        if len(self._failed) <= _MOST:
            for name, reports in self._failed.items():
                if self._passes(name, session):
                    self._passed[name] = reports[0]
                    session.testsfailed -= len(reports)
        return result

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """After the failures. The closing line counts what has passed then apart from them."""
        for output in self._failed_again:
            terminalreporter.section("failed again, by itself")
            terminalreporter.write(output)
        if self._passed:
            terminalreporter.section(_SAID)
            for name in self._passed:
                terminalreporter.write_line(f"{_SAID.upper()} {name}")
            stats = terminalreporter.stats
            for kind in ("failed", "error"):
                reports = stats.pop(kind, [])
                if left := [report for report in reports if report.nodeid not in self._passed]:
                    stats[kind] = left
            stats[_SAID] = list(self._passed.values())

    def _passes(self, name: str, session: pytest.Session) -> bool:
        command = [sys.executable, "-m", "pytest", "-n0", "-p", "no:cacheprovider", name]
        ended = subprocess.run(command, cwd=session.config.rootpath, capture_output=True, text=True)
        if ended.returncode != pytest.ExitCode.OK:
            self._failed_again.append(ended.stdout)
        return ended.returncode == pytest.ExitCode.OK

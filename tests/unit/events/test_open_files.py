from __future__ import annotations

import resource

import pytest

from events.process.open_files import ENOUGH_FILES, raise_open_files_limit


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[int, int]]:
    """The process's limits, as far as the code under test can see."""
    kept = {"now": (256, 1024)}
    monkeypatch.setattr("events.process.open_files.resource.getrlimit", lambda _: kept["now"])
    monkeypatch.setattr(
        "events.process.open_files.resource.setrlimit", lambda _, new: kept.update(now=new)
    )
    return kept


@pytest.mark.parametrize(
    ("hard", "warned"), [(1024, True), (ENOUGH_FILES - 1, True), (ENOUGH_FILES, False)]
)
def test_the_limit_is_raised_and_few_files_are_said(
    hard: int,
    warned: bool,
    limits: dict[str, tuple[int, int]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    limits["now"] = (256, hard)

    assert raise_open_files_limit() == hard
    assert limits["now"] == (hard, hard)
    assert (f"Only {hard} files" in caplog.text) == warned


def test_no_limit_is_enough(
    limits: dict[str, tuple[int, int]], caplog: pytest.LogCaptureFixture
) -> None:
    limits["now"] = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    raise_open_files_limit()
    assert not caplog.records


def test_a_system_that_refuses_is_put_up_with(
    limits: dict[str, tuple[int, int]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr("events.process.open_files.resource.setrlimit", refuse)
    assert raise_open_files_limit() == 256
    assert "Only 256 files" in caplog.text

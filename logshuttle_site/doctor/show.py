"""Findings and settings as text for a terminal, or for a script that reads lines."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from logshuttle_site.doctor.effective import Shown
from logshuttle_site.doctor.findings import Finding, Findings, Verdict
from logshuttle_site.terminal.escapes import shown

WIDTH = 80
_SIGNS = {Verdict.OK: "ok", Verdict.WARN: "warn", Verdict.FAIL: "FAIL"}
_INDENT = " " * 8


def report(found: Findings, style: Any) -> Iterator[str]:
    """`style`: Django's, of a command's output."""
    paints = {Verdict.OK: style.SUCCESS, Verdict.WARN: style.WARNING, Verdict.FAIL: style.ERROR}
    for name, findings in found.by_check.items():
        yield style.MIGRATE_HEADING(name)
        for finding in findings:
            sign = paints[finding.verdict](f"{_SIGNS[finding.verdict]:<4}")
            yield from _block(finding, sign)
        yield ""
    yield summary(found)


def summary(found: Findings) -> str:
    fine, warnings, failures = (found.count(verdict) for verdict in Verdict)
    warned = "1 warning" if warnings == 1 else f"{warnings} warnings"
    failed = "1 failure" if failures == 1 else f"{failures} failures"
    return f"{fine} ok, {warned}, {failed}."


def table(settings: Iterable[Shown]) -> Iterator[str]:
    rows = [("SETTING", "FROM", "VALUE"), *((s.name, s.source, s.value) for s in settings)]
    width = max(len(row[0]) for row in rows)
    for name, source, value in rows:
        yield shown(f"{name:<{width}}  {source:<7}  {value}".rstrip(), colours=False)


def as_json(found: Findings, settings: Iterable[Shown] | None) -> dict[str, Any]:
    said: dict[str, Any] = {
        "failures": found.failures,
        "checks": {
            name: [{"verdict": str(f.verdict), "said": f.said, "do": f.do} for f in findings]
            for name, findings in found.by_check.items()
        },
    }
    if settings is not None:
        said["settings"] = {s.name: {"value": s.value, "from": s.source} for s in settings}
    return said


def _block(finding: Finding, sign: str) -> Iterator[str]:
    lines = _wrapped(finding.said, _INDENT)
    yield f"  {sign}  {lines[0].lstrip()}"
    yield from lines[1:]
    if finding.do:
        yield from _wrapped(f"→ {finding.do}", _INDENT, _INDENT + "  ")


def _wrapped(text: str, first: str, rest: str = _INDENT) -> list[str]:
    """What others have named may hold anything: nothing of it reaches the terminal as it is."""
    wrapped = textwrap.wrap(
        shown(text, colours=False),
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapped or [first]

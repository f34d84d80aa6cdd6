"""The metrics of several workers as one answer, each series with the number of its worker.

Text to text: with thousands of drains, parsing it all would take a second of each scrape.
"""

from __future__ import annotations

from collections.abc import Mapping

LABEL = "worker"

_FAMILY = "\n# HELP "
"""What begins one; a new line within a value is escaped."""


def merged(texts: Mapping[str, str]) -> str:
    """`texts`: worker → Prometheus' text format, as `generate_latest` writes it."""
    families: dict[str, list[str]] = {}
    for worker, text in texts.items():
        label = f'{LABEL}="{worker}"'
        for family in f"\n{text}".rstrip("\n").split(_FAMILY)[1:]:
            about, kind, *samples = family.split("\n")
            # A name may have its HELP and TYPE only once.
            whole = families.setdefault(about.partition(" ")[0], [f"# HELP {about}", kind])
            whole += [_labelled(sample, label) for sample in samples]
    return "".join(f"{line}\n" for family in families.values() for line in family)


def _labelled(sample: str, label: str) -> str:
    name, brace, rest = sample.partition("{")
    if brace:
        return f"{name}{{{label},{rest}"
    name, _, value = sample.partition(" ")
    return f"{name}{{{label}}} {value}"

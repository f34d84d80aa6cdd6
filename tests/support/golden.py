"""The golden cases: what the original really sent (tests/golden/README.md)."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "golden"

DELIVERED = {
    "kubernetes/json-two": "as many events",
    "kubernetes/log-object": "its JSON is the line",
    "kubernetes/raw-control-in-json": "repaired",
    "web/port-no-domain": "a host's name has no port",
}
"""Of these the original sent nothing, and said no more; ours finds a line in them."""


@dataclass(frozen=True)
class GoldenCase:
    name: str
    value: bytes
    original: dict[str, list[str]]
    """Lines by drain: `gs`, `hy`, `default`, `site`."""
    ours: str | None
    """What differs on purpose; None: byte for byte the same."""

    def __str__(self) -> str:
        return self.name


def golden_cases(source: str) -> list[GoldenCase]:
    cases = json.loads((FOLDER / source / "cases.json").read_text())
    return [
        GoldenCase(
            case["name"],
            _bytes_of(case["value"]),
            case["original"],
            case.get("ours") or DELIVERED.get(f"{source}/{case['name']}"),
        )
        for case in cases
    ]


def _bytes_of(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, dict) and value.keys() == {"b64"}:
        return base64.b64decode(value["b64"])
    return json.dumps(value).encode()

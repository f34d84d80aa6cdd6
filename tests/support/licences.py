"""What a server needs, and under which licences: `python -m tests.support.licences` writes the
table of docs/licences.md anew."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.processes import ROOT

FILE = ROOT / "docs" / "licences.md"
_HEAD = "| package | licence |\n|---|---|\n"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[\w,]+\])?==(\S+)", re.MULTILINE)
_SHORT = {
    "Apache Software License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache 2": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "BSD License": "BSD",
    "BSD": "BSD",
    "3-Clause BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Python Software Foundation License": "PSF-2.0",
    "GNU Library or Lesser General Public License (LGPL)": "LGPL",
    "Zope Public License": "ZPL-2.1",
}


def pins(*files: str) -> dict[str, str]:
    """Versions by names."""
    texts = [(ROOT / file).read_text() for file in files]
    return {str(canonicalize_name(n)): v for text in texts for n, v in _PIN.findall(text)}


def needed() -> dict[str, Distribution]:
    """All that requirements.txt brings with it here, by name."""
    wanted = [Requirement(name) for name in pins("requirements.txt")]
    found: dict[str, Distribution] = {}
    while wanted:
        requirement = wanted.pop()
        name = str(canonicalize_name(requirement.name))
        if name not in found:
            found[name] = distribution(name)
            wanted += _asked_by(found[name], requirement.extras)
    return dict(sorted(found.items()))


def _asked_by(of: Distribution, extras: Iterable[str]) -> list[Requirement]:
    asked = map(Requirement, of.requires or [])
    return [r for r in asked if _holds(r, extras)]


def _holds(requirement: Requirement, extras: Iterable[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": each}) for each in ("", *extras))


def licence_of(of: Distribution) -> str:
    about = of.metadata
    if "License-Expression" in about:
        return str(about["License-Expression"])
    kinds = [c.split(" :: ")[-1] for c in about.get_all("Classifier") or [] if "License ::" in c]
    said = kinds or (str(about["License"]) if "License" in about else "unknown").splitlines()[:1]
    return " OR ".join(_SHORT.get(kind, kind) for kind in said if kind != "OSI Approved")


def table() -> str:
    rows = (f"| {name} | {licence_of(of)} |\n" for name, of in needed().items())
    return _HEAD + "".join(rows)


def written() -> str:
    """The table as it was committed."""
    return _HEAD + FILE.read_text().partition(_HEAD)[2]


if __name__ == "__main__":
    FILE.write_text(FILE.read_text().partition(_HEAD)[0] + table())

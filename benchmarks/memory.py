"""Peak memory of a process, as the kernel counted it since its program began."""

from __future__ import annotations

from pathlib import Path


def peak_bytes(pid: int | str) -> int:
    """VmHWM of /proc/PID/status. `self` works too; Linux only."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the kernel tells no peak memory")

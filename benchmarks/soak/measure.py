"""What a process holds, and whether it gave it back."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

SLACK = {"memory_mb": 20.0, "threads": 3.0, "files": 5.0, "disk_mb": 0.5}
"""Differences that are none, however little there was at first."""
WITHIN = 1.10


@dataclass(frozen=True)
class Held:
    """At one moment."""

    memory_mb: float
    """Resident memory."""
    threads: float
    """Threads."""
    files: float
    """Open files and connections."""
    disk_mb: float
    """What lies in the page's folder."""

    def grew(self, before: Held) -> list[str]:
        """What is more than a tenth above what it was."""
        found = []
        for name, slack in SLACK.items():
            was, now = getattr(before, name), getattr(self, name)
            if now > max(WITHIN * was, was + slack):
                found.append(f"{name} {was:.1f} -> {now:.1f}")
        return found


def held_by(pid: int, folder: Path) -> Held:
    """What a process holds. Needs Linux."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    disk = 0
    for here, _, names in os.walk(folder):
        for name in names:
            try:
                disk += Path(here, name).stat().st_size
            except OSError:
                continue  # It is just being deleted.
    files = len(os.listdir(f"/proc/{pid}/fd"))
    return Held(int(status["VmRSS"].split()[0]) / 1024, int(status["Threads"]), files, disk / 1e6)

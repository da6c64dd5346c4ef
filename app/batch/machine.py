"""What this machine has: cores, memory and GPUs, found out without loading a large library."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from riffusion_inference.diffusion.checkpoints import POCKET

POCKET_BYTES, OTHER_BYTES = 2 << 30, 8 << 30
"""Memory that is set aside for a worker: with the embedded checkpoint, and with one of Stable Diffusion's size."""


def n_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_bytes() -> int:
    """Memory that is free for new processes, within the limit of a container."""
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        free = int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
        return min(free, limit - int(Path("/sys/fs/cgroup/memory.current").read_text()))
    except (OSError, ValueError):
        return free


def n_gpus(device: str) -> int:
    """NVIDIA's GPUs of this machine, none where the device that is set is another one."""
    if device != "auto" and not device.startswith("cuda"):
        return 0
    return len([*Path("/dev").glob("nvidia[0-9]*")])


def device_here(device: str) -> str:
    """What "auto" stands for, as far as it can be told without loading torch: cpu where there is nothing else."""
    return "cpu" if device == "auto" and not n_gpus(device) and sys.platform != "darwin" else device


def workers_that_fit(model: str, gpus: int, gpus_per_worker: float) -> int:
    """How many workers this machine has room for, at least one.

    Args:
        model: full name of the checkpoint.
        gpus: GPUs there are.
        gpus_per_worker: that each takes, also a part of one; 0 for none.
    """
    if gpus and gpus_per_worker:
        return max(1, int(gpus / gpus_per_worker + 1e-9))
    need = POCKET_BYTES if model == POCKET else OTHER_BYTES
    return max(1, min(n_cores(), free_bytes() // need))

"""What a worker gives up before it opens a file: time, memory, files, the network, and everything that is secret."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import sysconfig
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ..settings import use_worker_folder
from . import landlock
from .bounds import Bounds

SET_PDEATHSIG, SET_NO_NEW_PRIVS, CAPBSET_DROP = 1, 38, 24
NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000
CAPABILITY_VERSION = 0x20080522
KEPT_CAPABILITIES = (0, 1, 2, 3)
"""chown, dac_override, dac_read_search, fowner: root goes on reading and writing whatever root may."""
N_CAPABILITIES = 64
SYSTEM_RUNS = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")
SYSTEM_READS = ("/etc/ld.so.cache", "/etc/localtime", "/sys/devices/system/cpu", "/dev/urandom", "/proc/meminfo")
MAX_OPEN_FILES = 256


def confine(bounds: Bounds, package: Path, programs: Sequence[Path]) -> list[str]:
    """Apply the bounds to this process, and all that it starts, for good.

    Args:
        bounds: what it may do.
        package: folder of this program's own package.
        programs: what may be run.
    Returns:
        One word for each thing that this system has: "limits", "no new privileges", "landlock 7", ...
    """
    done = [*_limit(bounds), *_cut_off_network()]
    use_worker_folder(bounds.writes[0] if bounds.writes else None)
    if _prctl(SET_NO_NEW_PRIVS, 1):
        done.append("no new privileges")
    reads = [*bounds.reads, package, package.parent / "riffusion_inference", *map(Path, SYSTEM_READS)]
    runs = [*programs, *map(Path, SYSTEM_RUNS)]
    writes = [*bounds.writes, Path("/dev/null")]
    try:
        abi = landlock.restrict([*reads, *_libraries()], runs, writes)
    except OSError:
        # A kernel that has it and a container that forbids it; what is missing in the list is said at start-up.
        abi = 0
    # A change of rights may have undone it.
    _prctl(SET_PDEATHSIG, signal.SIGKILL)
    return [*done, f"landlock {abi}"] if abi else done


def die_with_parent(parent: int) -> None:
    """Let the system kill this process as soon as its parent ends; end at once where that has happened."""
    _prctl(SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _limit(bounds: Bounds) -> list[str]:
    wanted = {
        "RLIMIT_CORE": 0,
        "RLIMIT_AS": bounds.memory_bytes,
        "RLIMIT_CPU": bounds.cpu_seconds,
        "RLIMIT_FSIZE": bounds.file_bytes,
        "RLIMIT_NOFILE": MAX_OPEN_FILES,
    }
    for name, most in wanted.items():
        number = getattr(resource, name)
        hard = resource.getrlimit(number)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        # Of processor time the first limit is a signal that says why, the second one kills.
        last = most + 5 if name == "RLIMIT_CPU" and hard == resource.RLIM_INFINITY else most
        resource.setrlimit(number, (most, last))
    return ["limits"]


def _cut_off_network() -> list[str]:
    """A network of its own with nothing in it: at once as root, else in a user namespace where these are allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "unshare"):
        return []
    user, group = os.geteuid(), os.getegid()
    done = []
    if user == 0:
        done += ["no network"] if libc.unshare(NEW_NETWORK) == 0 else []
        return [*done, *_drop_capabilities(libc)]
    if libc.unshare(NEW_USER | NEW_NETWORK) == 0:
        done += ["no network", "user namespace"]
        with suppress(OSError):
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    return done


def _drop_capabilities(libc: ctypes.CDLL) -> list[str]:
    """Root keeps what it needs for files, and gives up the rest."""
    for number in range(N_CAPABILITIES):
        if number not in KEPT_CAPABILITIES:
            _prctl(CAPBSET_DROP, number)
    kept = sum(1 << number for number in KEPT_CAPABILITIES)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    data = (ctypes.c_uint32 * 6)(kept, kept, 0, 0, 0, 0)
    return ["few capabilities"] if libc.capset(header, data) == 0 else []


def _prctl(option: int, value: int) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    return hasattr(libc, "prctl") and libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) == 0


def _libraries() -> list[Path]:
    """Where Python and its packages are."""
    paths = sysconfig.get_paths()
    names = [*(paths[kind] for kind in ("stdlib", "platstdlib", "purelib", "platlib")), *sys.path]
    return sorted({Path(name).resolve() for name in names if name.endswith("-packages") or "/lib/python" in name})

"""Landlock: a process gives up, for good, all files but those that it names. Linux 5.13 and later, no root needed.

Source: landlock(7) and include/uapi/linux/landlock.h; the three system calls have the same numbers everywhere.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Sequence
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
ASK_VERSION = 1
PATH_BENEATH = 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
ALL_OF_FIRST = (1 << 13) - 1
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
BIND_TCP, CONNECT_TCP = 1, 2
SCOPE_ABSTRACT_SOCKETS, SCOPE_SIGNALS = 1, 2
NEEDED_ABI = 2
"""The first that allows a file to be renamed from one folder to another."""
NETWORK_ABI, SCOPE_ABI = 4, 6


def _call(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    found: int = libc.syscall(ctypes.c_long(number), *arguments)
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found


def version() -> int:
    """The kernel's version of Landlock; 0 where it has none."""
    try:
        return _call(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(ASK_VERSION))
    except (OSError, AttributeError):
        return 0


def restrict(reads: Sequence[Path], runs: Sequence[Path], writes: Sequence[Path]) -> int:
    """Leave this process, and all that it starts, nothing but these; what is missing is left out.

    Args:
        reads: files and folders that may be read.
        runs: files and folders that may be read and executed.
        writes: files and folders in which all is allowed but executing.
    Returns:
        The version that was used; 0 where the kernel has no Landlock, or none that will do.
    Raises:
        OSError: the kernel refuses.
    """
    abi = version()
    if abi < NEEDED_ABI:
        return 0
    known = ALL_OF_FIRST | REFER | (TRUNCATE if abi >= 3 else 0) | (IOCTL_DEV if abi >= 5 else 0)
    attributes = struct.pack("=Q", known)
    if abi >= NETWORK_ABI:
        attributes += struct.pack("=Q", BIND_TCP | CONNECT_TCP)
    if abi >= SCOPE_ABI:
        attributes += struct.pack("=Q", SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS)
    rules = _call(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    try:
        for path in writes:
            _allow(rules, path, known & ~EXECUTE)
        for path in reads:
            _allow(rules, path, READ_FILE | READ_DIR)
        for path in runs:
            _allow(rules, path, READ_FILE | READ_DIR | EXECUTE)
        _call(RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint32(0))
    finally:
        os.close(rules)
    return abi


def _allow(rules: int, path: Path, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not path.is_dir():
            rights &= OF_FILES
        rule = struct.pack("=Qi", rights, place)
        _call(ADD_RULE, ctypes.c_int(rules), ctypes.c_int(PATH_BENEATH), rule, ctypes.c_uint32(0))
    finally:
        os.close(place)

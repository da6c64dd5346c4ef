"""Writing a zip whose entries are stored, of files whose check sums are known: their bytes are copied by the system.

The standard library's writer takes in every byte to sum it up. Here that was done already, so that an entry is its
header, written at once with everything in it, and a copy that the system makes without handing out the bytes.

Source: PKWARE, APPNOTE.TXT 6.3.10, 4.3.7 (local header), 4.3.12 (central directory), 4.3.14 to 4.3.16 (its end), 4.5.3
(sizes and places of 4 GiB and more).
"""

from __future__ import annotations

import struct
import time
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from riffusion_inference.datatypes import ShouldCancel

from ..files import copy_bytes

VERSION, VERSION_64 = 20, 45
UTF_8 = 0x800
MAX_16, MAX_32 = 0xFFFF, 0xFFFFFFFF
"""Numbers from these on are written elsewhere, and their places say so by having all bits set."""
ELSEWHERE_16, ELSEWHERE_32 = 0xFFFF, 0xFFFFFFFF
LOCAL = struct.Struct("<4s5H3I2H")
CENTRAL = struct.Struct("<4s6H3I5H2I")
END = struct.Struct("<4s4H2IH")
END_64, LOCATOR_64 = struct.Struct("<4sQ2H2I4Q"), struct.Struct("<4sIQI")


@dataclass(frozen=True)
class _Entry:
    """What the directory at the end says of an entry."""

    info: zipfile.ZipInfo
    """Its name, time and rights."""
    crc32: int
    """Of its bytes."""
    size: int
    """Bytes."""
    offset: int
    """Where its header begins."""


class StoredZip:
    """A zip that is being written from its start; it is none before close."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._entries: list[_Entry] = []

    def add_file(self, path: Path, name: str, crc32: int, should_cancel: ShouldCancel | None = None) -> None:
        """Store a file.

        Args:
            path: the file.
            name: of the entry, relative, with slashes.
            crc32: of its bytes.
            should_cancel: asked for every few megabytes.
        """
        info = zipfile.ZipInfo.from_file(path, name, strict_timestamps=False)
        with path.open("rb", buffering=0) as file:
            self._begin(info, crc32, info.file_size)
            copy_bytes(file, self._file, should_cancel)

    def add_bytes(self, name: str, data: bytes) -> None:
        """Store bytes as a file of now.

        Args:
            name: of the entry.
            data: its bytes.
        """
        info = zipfile.ZipInfo(name, time.localtime()[:6])
        info.external_attr = 0o600 << 16
        self._begin(info, zlib.crc32(data), len(data))
        self._file.write(data)

    def close(self) -> None:
        """Write the directory, which makes it a zip."""
        start = self._file.tell()
        for entry in self._entries:
            self._file.write(_central(entry))
        size, count = self._file.tell() - start, len(self._entries)
        if count >= MAX_16 or start >= MAX_32 or size >= MAX_32:
            at = self._file.tell()
            whole = (44, VERSION_64, VERSION_64, 0, 0, count, count, size, start)
            self._file.write(END_64.pack(b"PK\6\6", *whole) + LOCATOR_64.pack(b"PK\6\7", 0, at, 1))
        few = count if count < MAX_16 else ELSEWHERE_16
        self._file.write(END.pack(b"PK\5\6", 0, 0, few, few, _narrow(size), _narrow(start), 0))
        self._file.flush()

    def _begin(self, info: zipfile.ZipInfo, crc32: int, size: int) -> None:
        entry = _Entry(info, crc32, size, self._file.tell())
        self._entries.append(entry)
        wide = size >= MAX_32
        name, flags = _name(info)
        more = _wide([size, size]) if wide else b""
        lengths = [_narrow(size)] * 2
        fields = (VERSION_64 if wide else VERSION, flags, 0, *_dos_time(info), crc32, *lengths, len(name), len(more))
        self._file.write(LOCAL.pack(b"PK\3\4", *fields) + name + more)
        self._file.flush()


def _central(entry: _Entry) -> bytes:
    """An entry of the directory."""
    info, (name, flags) = entry.info, _name(entry.info)
    more = _wide([number for number in (entry.size, entry.size, entry.offset) if number >= MAX_32])
    version = VERSION_64 if more else VERSION
    size, offset = _narrow(entry.size), _narrow(entry.offset)
    made_by = version | info.create_system << 8
    fields = (made_by, version, flags, 0, *_dos_time(info), entry.crc32, size, size, len(name), len(more), 0, 0, 0)
    return CENTRAL.pack(b"PK\1\2", *fields, info.external_attr, offset) + name + more


def _name(info: zipfile.ZipInfo) -> tuple[bytes, int]:
    """A name's bytes, and the flag that says what they are."""
    return (info.filename.encode(), 0) if info.filename.isascii() else (info.filename.encode(), UTF_8)


def _narrow(number: int) -> int:
    """A number for a place of 32 bits."""
    return number if number < MAX_32 else ELSEWHERE_32


def _wide(numbers: list[int]) -> bytes:
    """The field for numbers that 32 bits do not hold; empty where there are none."""
    return struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers) if numbers else b""


def _dos_time(info: zipfile.ZipInfo) -> tuple[int, int]:
    """Time and date as DOS counted them."""
    year, month, day, hour, minute, second = info.date_time
    return hour << 11 | minute << 5 | second // 2, year - 1980 << 9 | month << 5 | day

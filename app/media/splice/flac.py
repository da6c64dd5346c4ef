"""FLAC frames renumbered: an encoder counts from 0, and a frame says its number in its header.

A frame is a header with a checksum of its own (CRC-8), the samples, and a checksum of all of it (CRC-16). The number is
coded as UTF-8 codes a character, so that its length varies.
Source: RFC 9639, 9.1 and 9.3.
"""

from __future__ import annotations

from functools import lru_cache

NUMBER_AT, CRC16_BYTES = 4, 2
BLOCK_SIZE_BYTES, SAMPLE_RATE_BYTES = {6: 1, 7: 2}, {12: 1, 13: 2, 14: 2}


def frame_number(frame: bytes) -> int:
    """The number in a frame's header, whose first bytes will do."""
    length = _number_bytes(frame)
    value = frame[NUMBER_AT] & (0x7F if length == 1 else 0x7F >> length)
    for byte in frame[NUMBER_AT + 1 : NUMBER_AT + length]:
        value = value << 6 | byte & 0x3F
    return value


def numbered(frame: bytes, number: int) -> bytes:
    """A frame with another number, and the checksums that belong to it."""
    end = NUMBER_AT + _number_bytes(frame)
    extra = BLOCK_SIZE_BYTES.get(frame[2] >> 4, 0) + SAMPLE_RATE_BYTES.get(frame[2] & 15, 0)
    header = frame[:NUMBER_AT] + _coded(number) + frame[end : end + extra]
    body = frame[end + extra + 1 : -CRC16_BYTES]
    whole = header + bytes([_crc(header, 8, 0x07)]) + body
    return whole + _crc(whole, 16, 0x8005).to_bytes(CRC16_BYTES, "big")


def _number_bytes(frame: bytes) -> int:
    """How many leading ones the first byte has says how many bytes there are; none means one."""
    ones = 8 - (frame[NUMBER_AT] ^ 0xFF).bit_length()
    return max(1, ones)


def _coded(number: int) -> bytes:
    if number < 0x80:
        return bytes([number])
    tail = b""
    limit = 0x40
    while True:
        tail = bytes([0x80 | number & 0x3F]) + tail
        number >>= 6
        limit >>= 1
        if number < limit:
            break
    length = len(tail) + 1
    return bytes([0xFF << (8 - length) & 0xFF | number]) + tail


@lru_cache(maxsize=2)
def _crc_table(width: int, polynomial: int) -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << (width - 8)
        for _ in range(8):
            value = (value << 1 ^ polynomial if value >> (width - 1) else value << 1) & ((1 << width) - 1)
        table.append(value)
    return tuple(table)


def _crc(data: bytes, width: int, polynomial: int) -> int:
    table, mask, value = _crc_table(width, polynomial), (1 << width) - 1, 0
    for byte in data:
        value = (value << 8 & mask) ^ table[value >> (width - 8) ^ byte]
    return value
